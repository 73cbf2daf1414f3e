"""What one file tells of path operations: routes, routers, who takes them in, what they ask for."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rules.core.scopes import FUNCTIONS
from rules.core.web.routes import is_dependency_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.names import Names
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_DEPTH = 8
_BRANCHES = (ast.If, ast.Try, ast.TryStar, ast.For, ast.While, ast.Match)
_REQUESTS = {"Request", "HTTPConnection", "WebSocket"}
_SAFE_PARTS = {
    "app", "state", "headers", "cookies", "client", "session", "user", "auth", "method", "body",
    "json", "form", "stream", "is_disconnected", "query_params", "base_url", "accept", "close",
    "send_json", "send_text", "send_bytes", "receive_json", "receive_text", "receive_bytes",
    "iter_json", "iter_text", "iter_bytes", "receive", "send", "application_state", "client_state",
}  # fmt: skip


class Place(NamedTuple):
    """Where something is registered: file, function (empty for the module), line.

    `condition` is empty when nothing decides whether it happens; else it names the branch.
    """

    file: str
    function: str
    condition: str
    line: int


class RouteFacts(NamedTuple):
    """One path operation; `owner` is the dotted name of the variable of its app or router.

    `answers` are the dotted names in its `response_model`, or else in its return type.
    """

    function: str
    methods: tuple[str, ...]
    path: str
    owner: str
    line: int
    depends: tuple[str, ...]
    place: Place
    answers: tuple[str, ...] = ()
    starts: int = 0
    """The line of the handler's `def`."""
    tagged: bool = False
    """Whether `tags` are given, here and below."""


class RouterFacts(NamedTuple):
    """One `APIRouter` or `FastAPI` variable with what it gives to all of its routes.

    `made_by` is the class as the file alone resolves it: it can be one of the project's own.
    """

    name: str
    prefix: str
    line: int
    depends: tuple[str, ...]
    made_by: str
    tagged: bool = False

    @property
    def is_app(self) -> bool:
        """Whether it is an application and not a router."""
        return self.made_by == "fastapi.FastAPI"


class IncludeFacts(NamedTuple):
    """One `include_router`: `owner` takes in `router` under `prefix`."""

    owner: str
    router: str
    prefix: str
    line: int
    depends: tuple[str, ...]
    place: Place
    tagged: bool = False


class WebExtraction:
    """Reads the facts of one file; nothing outside the file is asked."""

    def __init__(self, file: SourceFile, names: Names) -> None:
        self.file = file
        self.names = names

    def routes(self) -> Iterator[RouteFacts]:
        """Every path operation of the file."""
        for route in self.file.routes:
            yield RouteFacts(
                function=self.file.defined.name_of(route.function),
                methods=tuple(sorted(route.methods)),
                path=route.path or "",
                owner=self._owner(route.owner),
                line=route.call.lineno,
                depends=tuple(self._listed(route.call)),
                place=self._place(route.call),
                answers=tuple(self._answers(route)),
                starts=route.function.lineno,
                tagged=_is_tagged(route.call),
            )

    def _answers(self, route: Route) -> Iterator[str]:
        given = self.file.argument(route.call, 99, "response_model") or route.function.returns
        for node in ast.walk(given) if given is not None else ():
            if isinstance(node, (ast.Name, ast.Attribute)) and (name := self.names.of(node)):
                yield name

    def routers(self) -> Iterator[RouterFacts]:
        """Every variable that holds an app or a router, also of a class of the project's own."""
        makers = [name for name in self.file.called_names if name.endswith(("Router", "FastAPI"))]
        for call in self.file.calls(*sorted(makers)) if makers else ():
            name = self.names.of(call.func)
            target = _assigned_to(self.file, call)
            if name is not None and target is not None:
                yield RouterFacts(
                    name=self._owner(target),
                    prefix=self._text(call, "prefix"),
                    line=call.lineno,
                    depends=tuple(self._listed(call)),
                    made_by=name,
                    tagged=_is_tagged(call),
                )

    def includes(self) -> Iterator[IncludeFacts]:
        """Every `include_router`."""
        for call in self.file.calls("include_router"):
            router = self.file.argument(call, 0, "router")
            if router is not None and isinstance(call.func, ast.Attribute):
                yield IncludeFacts(
                    owner=self._owner(call.func.value),
                    router=self._owner(router),
                    prefix=self._text(call, "prefix"),
                    line=call.lineno,
                    depends=tuple(self._listed(call)),
                    place=self._place(call),
                    tagged=_is_tagged(call),
                )

    def aliases(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """`SessionDep = Annotated[Session, Depends(open_session)]`: name and what it asks for."""
        for name, bindings in self.file.scopes.in_scope(self.file.tree).items():
            value = bindings[-1].value
            if isinstance(value, (ast.Subscript, ast.BinOp)):
                found = tuple(self._annotated(value))
                if found:
                    yield name, found

    def depends_of(self, function: FunctionNode) -> Iterator[str]:
        """What a signature asks for by `Depends`, in defaults, in `Annotated` or by an alias.

        `annotated:x` stands for an imported name that may be such an alias, `?` for the unknown.
        """
        for argument, default in self.file.parameters(function):
            if default is not None and is_dependency_marker(self.file, default):
                yield from self._given(default, argument.annotation)
            elif argument.annotation is not None:
                yield from self._annotated(argument.annotation)

    def taken_names(self, function: FunctionNode) -> Iterator[str]:
        """Names of path parameters that a function takes under another name, `*` for any of them.

        The second is so when it looks into the request itself.
        """
        if not (self._has_aliases or self._has_requests):
            return
        for argument, default in self.file.parameters(function):
            if self._has_aliases:
                for holder in (default, argument.annotation):
                    if isinstance(holder, (ast.Call, ast.Subscript)):
                        yield from _aliases_in(holder)
            if (
                self._has_requests
                and _is_request(argument.annotation)
                and self._looks_inside(argument.arg, function)
            ):
                yield "*"

    @cached_property
    def _has_aliases(self) -> bool:
        return "alias" in self.file.text

    @cached_property
    def _has_requests(self) -> bool:
        return any(name in self.file.text for name in _REQUESTS)

    def _looks_inside(self, name: str, function: FunctionNode) -> bool:
        """Whether more of the request is used than parts in which no path parameter stands."""
        for node in self.file.within(function):
            if isinstance(node, ast.Name) and node.id == name:
                parent = self.file.parent(node)
                if not (isinstance(parent, ast.Attribute) and parent.attr in _SAFE_PARTS):
                    return True
        return False

    def _annotated(self, annotation: ast.expr, depth: int = _DEPTH) -> Iterator[str]:
        """What a type asks for. A name can stand for one that holds the name again."""
        if depth <= 0:
            return
        if isinstance(annotation, (ast.Name, ast.Attribute)):
            yield from self._alias(annotation, depth)
        elif isinstance(annotation, ast.BinOp):
            yield from self._annotated(annotation.left, depth - 1)
            yield from self._annotated(annotation.right, depth - 1)
        elif isinstance(annotation, ast.Subscript):
            if isinstance(annotation.value, ast.Name):
                yield from self._alias(annotation.value, depth)
            for node in ast.walk(annotation.slice) if self._has_markers else ():
                if is_dependency_marker(self.file, node):
                    yield from self._given(node, annotation)
                elif isinstance(node, ast.Name):
                    yield from self._kept_marker(node, annotation)

    @cached_property
    def _has_markers(self) -> bool:
        """Whether anything in the file can be a call of `Depends` or `Security`."""
        return not self.file.called_names.isdisjoint({"Depends", "Security"})

    def _kept_marker(self, name: ast.Name, annotation: ast.expr) -> Iterator[str]:
        """`Annotated[User, current_user]` after `current_user = Depends(get_user)`."""
        for value in self.file.values(name):
            if is_dependency_marker(self.file, value):
                yield from self._given(value, annotation)

    def _alias(self, annotation: ast.Name | ast.Attribute, depth: int) -> Iterator[str]:
        root = annotation
        while isinstance(root, ast.Attribute):
            if not isinstance(root.value, (ast.Name, ast.Attribute)):
                return
            root = root.value
        bindings = self.file.scopes.lookup(root.id, self.file.tree)
        if any([binding.kind == "import" for binding in bindings]):  # noqa: C419 for each annotation
            if (name := self.names.of(annotation)) is not None:
                yield "annotated:" + name
        elif isinstance(annotation, ast.Name):
            for value in self.file.values(annotation):
                if isinstance(value, (ast.Subscript, ast.BinOp)):
                    yield from self._annotated(value, depth - 1)

    def _given(self, marker: ast.AST, annotation: ast.expr | None) -> Iterator[str]:
        if isinstance(marker, ast.Call):
            given = self.file.argument(marker, 0, "dependency")
            if given is None:
                yield self.names.of_annotation(annotation) or "?"
            else:
                yield self.names.of(given) or "?"

    def _listed(self, call: ast.Call) -> Iterator[str]:
        """What a call's `dependencies=[Depends(...)]` names."""
        for keyword in call.keywords:
            if keyword.arg is None:
                yield "?"
            elif keyword.arg == "dependencies":
                value = keyword.value
                if isinstance(value, ast.Name) and (named := self.file.value(value)) is not None:
                    value = named
                if isinstance(value, (ast.List, ast.Tuple)):
                    for item in value.elts:
                        yield from self._item(item)
                elif not (isinstance(value, ast.Constant) and value.value is None):
                    yield "?"

    def _item(self, item: ast.expr) -> Iterator[str]:
        if isinstance(item, ast.Name) and (value := self.file.value(item)) is not None:
            item = value
        if is_dependency_marker(self.file, item):
            yield from self._given(item, None)
        else:
            yield "?"

    def _owner(self, owner: ast.expr) -> str:
        """The dotted name of the variable that holds an app or router, where it is defined."""
        if isinstance(owner, ast.Name):
            for binding in self.file.scopes.lookup(owner.id, self.file.scopes.of(owner)):
                if binding.kind == "import":
                    return binding.target
                if binding.kind in {"assign", "argument"}:
                    scope = self.file.qualname(binding.node)
                    if binding.kind == "argument":
                        scope = self.file.qualname(binding.scope)
                    return ".".join(part for part in (self.file.module, scope, owner.id) if part)
        if isinstance(owner, ast.Attribute):
            inner = self._owner(owner.value)
            return f"{inner}.{owner.attr}" if inner else ""
        return ""

    def _text(self, call: ast.Call, name: str) -> str:
        if any(keyword.arg is None for keyword in call.keywords):
            return "?"
        given = self.file.argument(call, 99, name)
        if given is None:
            return ""
        text = self.file.constant_text(given)
        return "?" if text is None else text

    def _place(self, call: ast.Call) -> Place:
        condition = ""
        child: ast.AST = call
        for parent in self.file.ancestors(call):
            if isinstance(parent, FUNCTIONS) and call not in parent.decorator_list:
                break
            if isinstance(parent, _BRANCHES):
                where = next((n for n in ("body", "orelse") if child in getattr(parent, n, [])), "")
                condition = f"{parent.lineno}{where} {condition}"
            child = parent
        function = self.file.enclosing_function(call)
        scope = self.file.qualname(function) if function is not None else ""
        return Place(self.file.path, scope, condition.strip(), call.lineno)


def _aliases_in(holder: ast.expr) -> Iterator[str]:
    for node in ast.walk(holder):
        if isinstance(node, ast.keyword) and node.arg in {"alias", "validation_alias"}:
            yield (
                node.value.value
                if (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
                else "*"
            )


def _is_request(annotation: ast.expr | None) -> bool:
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name.rpartition(".")[2] in _REQUESTS
        case ast.BinOp(left=left, right=right):
            return _is_request(left) or _is_request(right)
        case _:
            return False


def _assigned_to(file: SourceFile, call: ast.Call) -> ast.Name | ast.Attribute | None:
    match file.parent(call):
        case (
            ast.Assign(targets=[ast.Name() | ast.Attribute() as target])
            | ast.AnnAssign(target=ast.Name() | ast.Attribute() as target)
        ):
            return target
        case _:
            return None


def _is_tagged(call: ast.Call) -> bool:
    """Whether a call gives `tags`, or may by `**options`."""
    return any(keyword.arg in {"tags", None} for keyword in call.keywords)
