"""What an expression is: names resolved through imports, assignments and annotations."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from rules.core import containers
from rules.core.scopes import FUNCTIONS, Binding, FunctionNode, Scope, Scopes
from rules.tables.types import CANONICAL, RETURNS, returned_by

if TYPE_CHECKING:
    from rules.core.definitions import Definitions

_DEPTH = 24
_UNKNOWN = "?"
"""Stands for what was not looked up yet; compared by identity."""
_TRANSPARENT = {"typing.Optional", "typing.Annotated", "typing.Final", "typing.ClassVar"}
_MANAGERS = {"contextlib.contextmanager", "contextlib.asynccontextmanager"}
_ANYTHING = {"object", "typing.Any"}
"""Annotations that say nothing of what has them."""
_MARKERS = {"abc.ABC", "typing.Protocol", "object"}
_OF_LIBRARIES = frozenset(RETURNS.values())
_LITERALS: dict[type[ast.expr], str] = {
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.List: "list",
    ast.ListComp: "list",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
    ast.Lambda: "lambda",
}


class Elsewhere(Protocol):
    """What other files of the project can tell about a dotted name."""

    def canonical(self, name: str) -> str:
        """Follow re-exports of the project's own modules to where a name is defined."""
        ...

    def returns(self, name: str) -> str | None:
        """The class of what a function of the project returns."""
        ...

    def attribute(self, owner: str, name: str) -> str | None:
        """What an attribute of a class or a variable of a module of the project is."""
        ...


class Names:
    """Resolves expressions of one file to dotted names.

    An instance is named by its class: in `client = httpx.Client(); client.get(url)` the called
    function is `httpx.Client.get`. Builtins keep their plain name (`open`). Definitions of the
    file itself are named `<module>.<qualified name>`. None means that nobody can tell.
    """

    def __init__(
        self, defined: Definitions, scopes: Scopes, elsewhere: Elsewhere | None = None
    ) -> None:
        self.defined = defined
        self._nodes = defined.nodes
        self._scopes = scopes
        self._elsewhere = elsewhere
        self._known: dict[ast.AST, str | None] = {}
        self._held: dict[ast.expr, str | None] = {}
        self._canonical: dict[str, str] = {}
        self._depth = 0

    def of(self, node: ast.AST) -> str | None:
        """The dotted name of an expression, of what it is bound to, or of its class."""
        known = self._known
        if (found := known.get(node, _UNKNOWN)) is not _UNKNOWN:
            return found
        if self._depth >= _DEPTH:
            return None
        known[node] = None
        self._depth += 1
        try:
            if isinstance(node, ast.Name):
                found = self._name(node)
            elif isinstance(node, ast.Attribute):
                found = self._attribute(node)
            else:
                found = self._resolve(node)
        finally:
            self._depth -= 1
        known[node] = found
        return found

    def of_annotation(self, node: ast.expr | None) -> str | None:
        """The class that an annotation names; `Optional`, `Annotated`, `X | None` looked through."""
        match node:
            case None:
                return None
            case ast.Constant(value=str(text)):
                if node not in self._known:
                    self._known[node] = None  # `x: "x"` asks for itself.
                    self._known[node] = self._quoted(text, node)
                return self._known[node]
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.of_annotation(right if _is_none(left) else left)
            case ast.Subscript(value=value, slice=inner):
                name = self.of(value)
                if name in _TRANSPARENT:
                    first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                    return self.of_annotation(first)
                return name
            case _:
                return self.of(node)

    def qualname(self, node: ast.AST) -> str:
        """Names of the functions and classes around a definition and its own, joined by dots."""
        return self._nodes.qualname(node)

    def reaching(self, name: ast.Name) -> list[Binding]:
        """The bindings that this use can mean, the likeliest last.

        In the scope of the use itself only what stands before it counts, if anything does.
        """
        return self._scopes.reaching(name)

    def _resolve(self, node: ast.AST) -> str | None:
        match node:
            case ast.Call():
                return self._call(node)
            case ast.Constant(value=value):
                return None if value is None else type(value).__name__
            case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self.of(value)
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body) or self.of(orelse)
            case ast.BoolOp(values=values):
                return next((found for value in values if (found := self.of(value))), None)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return self.defined.name_of(node)
            case ast.BinOp(left=left, op=ast.Div(), right=right) if _is_path(self.of(left), right):
                return "pathlib.Path"
            case ast.Subscript():
                return self._subscript(node)
            case ast.expr():
                return _LITERALS.get(type(node))
            case _:
                return None

    def _subscript(self, node: ast.Subscript) -> str | None:
        if self.of(node.value) in _TRANSPARENT:
            return self.of_annotation(node)
        return None if isinstance(node.slice, ast.Slice) else self.held_by(node.value)

    def _name(self, node: ast.Name) -> str | None:
        bindings = self._scopes.reaching(node)
        if not bindings:
            return node.id
        for binding in reversed(bindings):
            if found := self.of_binding(binding):
                return found
        return None

    def of_binding(self, binding: Binding) -> str | None:
        """What one binding makes of its name."""
        match binding.kind:
            case "import":
                return self.canonical(binding.target)
            case "function" | "class":
                return self.of(binding.node)
            case "argument":
                return self._argument(binding)
            case "assign":
                annotated = self.of_annotation(binding.annotation)
                value = self.of(binding.value) if binding.value is not None else None
                return (
                    value if value and (annotated is None or annotated in _ANYTHING) else annotated
                )
            case "with" | "except":
                return self.of(binding.value) if binding.value is not None else None
            case "for":
                return self._iterated(binding)
            case _:
                return None

    def _iterated(self, binding: Binding) -> str | None:
        """What a loop over a container gives its variable: of pairs, only the last is a value."""
        if binding.value is None:
            return None
        gives_pairs = containers.gives_pairs(binding.value)
        match self._nodes.parents.get(binding.node):
            case ast.Tuple(elts=[_, last]) if gives_pairs and last is binding.node:
                return self.held_by(binding.value)
            case ast.For() | ast.AsyncFor() | ast.comprehension() if not gives_pairs:
                return self.held_by(binding.value)
            case _:
                return None

    def held_by(self, container: ast.expr) -> str | None:
        """The class of what a container holds, of a mapping its values, by the annotation."""
        if container in self._held:
            return self._held[container]
        self._held[container] = None
        found = self._held[container] = self._held_by(container)
        return found

    def _held_by(self, container: ast.expr) -> str | None:
        match container:
            case ast.Await(value=value):
                return self.held_by(value)
            case ast.BoolOp(values=values):
                return next(filter(None, map(self.held_by, values)), None)
            case ast.Call() if (inner := containers.passed_through(container)) is not None:
                return self.held_by(inner)
            case ast.Call(func=function):
                definition = self.defined.functions.get(self.of(function) or "")
                return self.of_held(definition.returns) if definition is not None else None
            case ast.Attribute(value=owner, attr=name):
                return self._held_member(self.of(owner) or "", name)
            case ast.Name():
                found = map(self._held_by_binding, reversed(self.reaching(container)))
                return next(filter(None, found), None)
            case _:
                return None

    def _held_by_binding(self, binding: Binding) -> str | None:
        if binding.annotation is not None:
            return self.of_held(binding.annotation)
        assigned = binding.value if binding.kind == "assign" else None
        return self.held_by(assigned) if assigned is not None else None

    def _held_member(self, owner: str, attribute: str) -> str | None:
        class_ = self.defined.classes.get(owner)
        for statement in (
            self.defined.members(class_).get(attribute, ()) if class_ is not None else ()
        ):
            if isinstance(statement, ast.AnnAssign):
                return self.of_held(statement.annotation)
        return self._elsewhere.attribute(owner, f"{attribute}[]") if self._elsewhere else None

    def of_held(self, annotation: ast.expr | None) -> str | None:
        """The class of the values in an annotated container; None for builtin ones."""
        inner = containers.held(annotation, self.of)
        found = self.of_annotation(inner)
        return found if found is not None and "." in found else None

    def _argument(self, binding: Binding) -> str | None:
        if binding.annotation is not None:
            return self.of_annotation(binding.annotation)
        function = binding.scope
        class_ = self._nodes.parents.get(function)
        if (
            binding.name in {"self", "cls"}
            and isinstance(class_, ast.ClassDef)
            and isinstance(function, FUNCTIONS)
        ):
            return self.defined.name_of(class_)
        return None

    def _attribute(self, node: ast.Attribute) -> str | None:
        owner = self.of(node.value)
        if owner is None or owner in _ANYTHING:
            return None
        if found := self._member(owner, node.attr):
            return found
        return self.canonical(f"{owner}.{node.attr}")

    def _member(self, owner: str, attribute: str) -> str | None:
        """What an attribute of a class of this file, or of another file, was set to."""
        if owner.startswith(self.defined.inside):
            class_ = self.defined.classes.get(owner)
            if class_ is not None and (found := self._own_member(class_, attribute)):
                return found
        return self._elsewhere.attribute(owner, attribute) if self._elsewhere else None

    def _own_member(self, class_: ast.ClassDef, attribute: str) -> str | None:
        for statement in self.defined.members(class_).get(attribute, ()):
            if isinstance(statement, ast.AnnAssign):
                found = self.of_annotation(statement.annotation)
                if found is not None and found not in _ANYTHING:
                    return found
            if statement.value is not None and (found := self.of(statement.value)):
                return found
        for base in class_.bases:
            name = self.of(base)
            parent = self.defined.classes.get(name or "")
            if parent is not None and parent is not class_:
                if any(
                    isinstance(item, FUNCTIONS) and item.name == attribute for item in parent.body
                ):
                    return f"{name}.{attribute}"
                if found := self._own_member(parent, attribute):
                    return found
        return None

    def _call(self, node: ast.Call) -> str | None:
        if (looked_in := containers.looked_in(node)) and (found := self.held_by(looked_in)):
            return found
        if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
            return self._parent(node)
        function = self.of(node.func)
        if function is None:
            return None
        if function in {"functools.partial", "functools.partialmethod"} and node.args:
            return self.of(node.args[0])
        if function == "sqlalchemy.orm.sessionmaker" and self._makes_async_sessions(node):
            function = "sqlalchemy.ext.asyncio.async_sessionmaker"
        return self.result_of(function)

    def _parent(self, node: ast.AST) -> str | None:
        """The class that `super()` means, where there is only one."""
        class_ = self.defined.enclosing_class(node)
        bases = [self.of(base) for base in class_.bases] if class_ is not None else []
        parents = [base for base in bases if base not in _MARKERS]
        return parents[0] if len(parents) == 1 else None

    def _makes_async_sessions(self, node: ast.Call) -> bool:
        classes = (keyword.value for keyword in node.keywords if keyword.arg == "class_")
        return any(self.of(c) == "sqlalchemy.ext.asyncio.AsyncSession" for c in classes)

    def result_of(self, function: str) -> str | None:
        """The class of what calling a name (or an instance of a class) gives."""
        if found := returned_by(function):
            return found
        last = function.rsplit(".", 1)[-1]
        if last[:1].isupper() or last.lstrip("_")[:1].isupper():
            return function
        if function.startswith(self.defined.inside) and (annotated := self._own_return(function)):
            return annotated
        return self._elsewhere.returns(function) if self._elsewhere else None

    def _own_return(self, function: str) -> str | None:
        definition = self.defined.functions.get(function)
        return self.returned(definition) if definition is not None else None

    def returned(self, function: FunctionNode) -> str | None:
        """What calling a function gives; of a context manager of `contextlib`, what it yields."""
        match function.returns:
            case ast.Subscript(slice=ast.Tuple(elts=[first, *_]) | first) if any(
                self.of(decorator) in _MANAGERS for decorator in function.decorator_list
            ):
                return self.of_annotation(first)
            case None:
                return self._inferred(function)
            case annotation:
                return self.of_annotation(annotation)

    def _inferred(self, function: FunctionNode) -> str | None:
        """The class that every `return` of a function without annotations gives an instance of."""
        if function.decorator_list:
            return None
        found: set[str | None] = set()
        for node in self._nodes.running(function.body):
            if isinstance(node, (ast.Yield, ast.YieldFrom)):
                return None
            if isinstance(node, ast.Return):
                found.add(self.of(node.value) if node.value is not None else None)
        name = found.pop() if len(found) == 1 else None
        return name if name is not None and _is_class(name) else None

    def canonical(self, name: str) -> str:
        """The one name that rules use for something that can be imported from several places."""
        known = self._canonical.get(name)
        if known is None:
            known = CANONICAL.get(name)
            if known is None:
                known = self._elsewhere.canonical(name) if self._elsewhere is not None else name
            self._canonical[name] = known
        return known

    def _quoted(self, text: str, near: ast.expr) -> str | None:
        try:
            parsed = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        parsed = _without_none(parsed)
        parts: list[str] = []
        while isinstance(parsed, ast.Attribute):
            parts.append(parsed.attr)
            parsed = parsed.value
        if not isinstance(parsed, ast.Name):
            return None
        bindings = self._scopes.lookup(parsed.id, self._scopes.of(near))
        root = self.of_binding(bindings[-1]) if bindings else parsed.id
        return self.canonical(".".join([root, *reversed(parts)])) if root else None


def _is_class(name: str) -> bool:
    """Whether a dotted name is written like a class, or is one that a library returns."""
    owner, _, last = name.rpartition(".")
    return name in _OF_LIBRARIES or bool(owner and last.lstrip("_")[:1].isupper())


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_path(left: str | None, right: ast.expr) -> bool:
    """Whether a division joins paths: of one, or of something unknown by a text."""
    is_text = isinstance(right, ast.JoinedStr) or (
        isinstance(right, ast.Constant) and isinstance(right.value, str)
    )
    return left == "pathlib.Path" or (left is None and is_text)


def _without_none(node: ast.expr) -> ast.expr:
    """The first member of a union that is not `None`."""
    while isinstance(node, ast.BinOp):
        node = node.right if _is_none(node.left) else node.left
    if isinstance(node, ast.Subscript):
        return node.value
    return node


__all__ = ["Elsewhere", "Names", "Scope"]
