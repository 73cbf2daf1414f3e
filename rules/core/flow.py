"""Where a value comes from: request data followed through assignments, calls and parameters.

    origin = flow_of(file).request_data(expression, "sql")

answers lazily and backwards, from an expression to its sources, so nothing is computed for a
function without a dangerous use. Followed are assignments, attributes, subscripts, methods,
f-strings and other built texts, containers, comprehensions, unpacking, calls that pass data
through, functions of the same file (from an argument to what they return, and from a parameter
to the arguments of its callers in the file) and dependencies. Not followed: attributes of `self`,
calls into other modules, mutable containers changed by methods.

Data stops being dangerous where it becomes a number, a UUID, a date or a member of an Enum or
Literal, is compared with an allow-list or a pattern before the use, or passes a function that is
right for the use (`html.escape` for "html", `os.path.basename` for "path"). See rules/tables/flow.py.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rules.core.flow_guards import Guards
from rules.core.flow_sources import Parameters, part_of_answer, part_of_request
from rules.core.rule import Step
from rules.core.scopes import FUNCTIONS, Binding, FunctionNode
from rules.tables.flow import CLEANING_METHODS, CLEANS, KEEPING_METHODS, PASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.source import SourceFile

type Use = Literal["sql", "path", "url", "html", "shell", "code", "redirect", "log", "data"]
"""What a value is used for; decides which calls make it harmless."""

type Kind = Literal[
    "path", "query", "body", "form", "file", "header", "cookie", "request", "websocket",
    "api", "parameter",
]  # fmt: skip

_RANK = {"parameter": 2, "api": 1}
_WORDS = {
    "path": "path parameter",
    "query": "query parameter",
    "body": "request body",
    "form": "form field",
    "file": "uploaded file",
    "header": "request header",
    "cookie": "cookie",
    "request": "request",
    "websocket": "websocket message",
    "api": "answer of another service",
    "parameter": "parameter",
}
_DEPTH = 40
_REPLACED = {("html", "<"), ("path", ".."), ("sql", "'"), ("sql", '"'), ("sql", "`"), ("sql", "]")}
"""What `text.replace(x, ...)` takes away, and for which use the text is then harmless."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a value comes from.

    `name` is the parameter or the expression, `place` the route (`GET /chart`) or the function.
    `trace` leads from there to the use. `sure` is false when a type could not be looked up, as
    that of a field of a model in another file.
    """

    kind: Kind
    name: str
    place: str
    node: ast.AST
    trace: tuple[Step, ...] = ()
    sure: bool = True

    @property
    def is_request(self) -> bool:
        """Whether a client of the service chooses the value."""
        return self.kind not in {"api", "parameter"}

    def label(self) -> str:
        """A phrase for messages, without an article: "query parameter `symbol` of `GET /chart`"."""
        where = f" of `{self.place}`" if self.place else ""
        return f"{_WORDS[self.kind]} `{self.name}`{where}"

    def via(self, step: Step) -> Origin:
        """The same origin with one more step at the end of its trace."""
        return self if step in self.trace else replace(self, trace=(*self.trace, step))


class Flow:
    """Answers for one file; made once by `flow_of`."""

    def __init__(self, file: SourceFile, *, callers: bool = True) -> None:
        self._file = file
        self._callers = callers
        self._known: dict[tuple[ast.AST, Use], Origin | None] = {}
        self._busy: set[tuple[ast.AST, Use]] = set()
        self._guards = Guards(file)
        self._parameters = Parameters(file)

    @cached_property
    def _inside(self) -> Flow:
        """The same without a look at callers: what a function does with whatever it is given."""
        return Flow(self._file, callers=False) if self._callers else self

    def request_data(self, expression: ast.expr, use: Use = "data") -> Origin | None:
        """The part of a request that the expression holds, None when none is known to be in it."""
        origin = self.origin(expression, use)
        return origin if origin is not None and origin.is_request else None

    def outside_data(self, expression: ast.expr, use: Use = "data") -> Origin | None:
        """Request data or the answer of another service that the expression holds."""
        origin = self.origin(expression, use)
        return origin if origin is not None and origin.kind != "parameter" else None

    def is_checked(self, expression: ast.expr, use: Use = "data") -> bool:
        """Whether the value was compared with an allow-list or a pattern before it stands here."""
        return any(
            self._guards.covers(part, use)
            for part in self._file.within(expression)
            if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript))
        )

    def is_harmless(self, expression: ast.expr, use: Use = "data") -> bool:
        """Whether the value is certainly a number, a constant or made harmless for this use."""
        return self._harmless(expression, use, _DEPTH // 4)

    def _harmless(self, node: ast.expr, use: Use, depth: int) -> bool:
        if depth <= 0:
            return False
        match node:
            case ast.Constant() | ast.Compare():
                return True
            case ast.Name():
                return self._harmless_name(node, use, depth - 1)
            case ast.Attribute(attr=attr):
                return attr.isupper() or self._parameters.is_harmless_field(node)
            case ast.Call():
                return self._harmless_call(node, use, depth - 1)
            case ast.BinOp(op=ast.Mod()):
                return False
            case ast.BinOp(right=ast.Constant(value=int() | float())):
                return True
            case ast.BinOp(left=left, right=right):
                return self._harmless(left, use, depth - 1) and self._harmless(
                    right, use, depth - 1
                )
            case ast.Subscript(value=value):
                return self._harmless(value, use, depth - 1)
            case ast.UnaryOp(operand=operand):
                return self._harmless(operand, use, depth - 1)
            case _:
                parts = _parts(node)
                return bool(parts) and all(self._harmless(p, use, depth - 1) for p in parts)

    def _harmless_name(self, name: ast.Name, use: Use, depth: int) -> bool:
        if self._guards.covers(name, use):
            return True
        bindings = self.reaching(name)
        if not bindings or any(binding.kind == "import" for binding in bindings):
            return name.id.isupper()
        return all(self._harmless_binding(binding, use, depth) for binding in bindings)

    def _harmless_binding(self, binding: Binding, use: Use, depth: int) -> bool:
        if binding.annotation is not None and self._parameters.is_harmless(binding.annotation):
            return True
        if binding.kind == "argument":
            return self._parameters.is_harmless_parameter(binding)
        parent = self._file.parent(binding.node)
        if isinstance(parent, ast.AugAssign):
            return self._harmless(parent.value, use, depth)
        if binding.kind in {"assign", "for"} and binding.value is not None:
            return self._harmless(binding.value, use, depth)
        if binding.kind == "unpack" and binding.value is not None:
            return self._harmless(_unpacked(binding, self._file), use, depth)
        return False

    def _harmless_call(self, call: ast.Call, use: Use, depth: int) -> bool:
        name = self._file.qualified_name(call.func) or ""
        if name in CLEANS:
            return _cleans(name, use)
        if name in PASSES:
            return all(self._harmless(argument, use, depth) for argument in _arguments(call))
        if isinstance(call.func, ast.Attribute):
            if call.func.attr in CLEANING_METHODS or _escapes(call, call.func, use):
                return True
            owner = self._harmless(call.func.value, use, depth)
            return (
                owner
                and call.func.attr in KEEPING_METHODS
                and all(self._harmless(item, use, depth) for item in _arguments(call))
            )
        function = self._file.names.functions().get(name)
        return function is not None and self._parameters.is_harmless(function.returns)

    def origin(self, expression: ast.AST, use: Use = "data") -> Origin | None:
        """The most dangerous origin: request, then answers, then parameters of unknown callers."""
        key = (expression, use)
        if key in self._known:
            return self._known[key]
        if key in self._busy or len(self._busy) > _DEPTH:
            return None
        self._busy.add(key)
        try:
            found = self._known[key] = self._worst(self._origins(expression, use))
        finally:
            self._busy.discard(key)
        return found

    def _worst(self, found: Iterable[Origin | None]) -> Origin | None:
        best: Origin | None = None
        for origin in found:
            if origin is None:
                continue
            if origin.is_request:
                return origin
            if best is None or _RANK[origin.kind] < _RANK[best.kind]:
                best = origin
        return best

    def _origins(self, node: ast.AST, use: Use) -> Iterator[Origin | None]:
        match node:
            case ast.Name():
                yield from self._of_name(node, use)
            case ast.Attribute():
                yield self._of_attribute(node, use)
            case ast.Call():
                yield from self._of_call(node, use)
            case ast.Subscript(value=value):
                yield None if self._guards.covers(node, use) else self.origin(value, use)
            case ast.FormattedValue(value=value):
                yield None if _is_numeric_format(node) else self.origin(value, use)
            case _:
                for part in _parts(node):
                    yield self.origin(part, use)

    # Names

    def _of_name(self, name: ast.Name, use: Use) -> Iterator[Origin | None]:
        if self._guards.covers(name, use):
            return
        for binding in self.reaching(name):
            yield self._of_binding(binding, use)

    def reaching(self, name: ast.Name) -> list[Binding]:
        """The bindings that can hold at this use; a certain later assignment hides earlier ones."""
        found = self._file.names.reaching(name)
        kept: list[Binding] = []
        for binding in reversed(found):
            kept.append(binding)
            if self._hides_earlier(binding, name):
                break
        return kept

    def _hides_earlier(self, binding: Binding, use: ast.Name) -> bool:
        if binding.kind not in {"assign", "unpack"} or len(self._blocks(binding.node)) == 0:
            return False
        holder = self._file.statement(binding.node)
        if isinstance(holder, ast.AugAssign):
            return False
        return self._blocks(holder)[0] in self._blocks(use) or not _is_statement_level(holder)

    def _blocks(self, node: ast.AST) -> list[tuple[ast.AST, str]]:
        """The statement lists around a node, nearest first, as (owner, field)."""
        found: list[tuple[ast.AST, str]] = []
        child: ast.AST = node
        for parent in self._file.ancestors(node):
            if isinstance(child, ast.stmt):
                found.append((parent, _field_of(parent, child)))
            child = parent
        return found

    def _of_binding(self, binding: Binding, use: Use) -> Origin | None:
        match binding.kind:
            case "argument":
                return self._of_parameter(binding, use)
            case "assign" | "for" | "with" if binding.value is not None:
                if binding.kind == "assign" and self._parameters.is_harmless(binding.annotation):
                    return None
                return self._assigned(binding, self.origin(binding.value, use))
            case "unpack" if binding.value is not None:
                return self._assigned(binding, self.origin(_unpacked(binding, self._file), use))
            case "other":
                statement = self._file.parent(binding.node)
                if isinstance(statement, ast.AugAssign):
                    return self._assigned(binding, self.origin(statement.value, use))
                return None
            case _:
                return None

    def _assigned(self, binding: Binding, origin: Origin | None) -> Origin | None:
        if origin is None:
            return None
        return origin.via(Step(self._file.path, binding.line, f"`{binding.name}` is set from it"))

    # Parameters

    def _of_parameter(self, binding: Binding, use: Use) -> Origin | None:
        function = binding.scope
        if not isinstance(function, FUNCTIONS) or not isinstance(binding.node, ast.arg):
            return None
        if binding.name in {"self", "cls"} or self._parameters.is_harmless_parameter(binding):
            return None
        if dependency := self._parameters.dependency(binding):
            return self._returned(dependency, use)
        if part := self._parameters.part_of_request(function, binding):
            return self._source(part[0], binding.name, part[1], binding.node, sure=part[2])
        if self._parameters.is_injected(binding):
            return None
        given = list(self._given(function, binding, use))
        if given and (_is_private(function) or self._all_harmless(function, binding, use)):
            return self._worst(given)
        outside = (origin for origin in given if origin and origin.kind != "parameter")
        return self._worst(outside) or self._unknown(binding, function)

    def _all_harmless(self, function: FunctionNode, binding: Binding, use: Use) -> bool:
        """Whether every caller in this file gives a constant, a number or a checked value."""
        given = (
            self._parameters.argument(call, function, binding.name)
            for call in self._parameters.calls_of(function)
        )
        return all(value is None or self.is_harmless(value, use) for value in given)

    def _unknown(self, binding: Binding, function: FunctionNode) -> Origin:
        return Origin("parameter", binding.name, f"{function.name}()", binding.node)

    def _given(self, function: FunctionNode, binding: Binding, use: Use) -> Iterator[Origin | None]:
        """The origins of what callers in this file give to a parameter."""
        if not self._callers:
            return
        for call in self._parameters.calls_of(function):
            given = self._parameters.argument(call, function, binding.name)
            if given is None:
                continue
            origin = self.origin(given, use)
            step = Step(self._file.path, call.lineno, f"passed to `{function.name}()`")
            yield origin.via(step) if origin is not None else None

    # Attributes and calls

    def _of_attribute(self, node: ast.Attribute, use: Use) -> Origin | None:
        if self._guards.covers(node, use):
            return None
        if found := self._direct(node):
            return found
        if node.attr in CLEANING_METHODS or self._parameters.is_harmless_field(node):
            return None
        if use == "path" and node.attr in {"file", "fileno"}:
            return None
        if use == "path" and node.attr in {"name", "stem", "suffix"}:
            owner = self._file.qualified_name(node.value) or ""
            if owner.startswith("pathlib."):
                return None
        return self.origin(node.value, use)

    def _direct(self, node: ast.Attribute) -> Origin | None:
        """A part of a request or of an answer that this expression names itself."""
        if kind := part_of_request(self._file, node):
            function = self._file.enclosing_function(node)
            route = self._file.route(function)
            place = route.label() if route else ""
            return self._source(kind, self._file.source(node), place, node)
        if part_of_answer(self._file, node):
            return self._source("api", self._file.source(node), "", node)
        return None

    def _source(
        self, kind: Kind, name: str, place: str, node: ast.AST, *, sure: bool = True
    ) -> Origin:
        origin = Origin(kind, name, place, node, (), sure)
        step = Step(self._file.path, getattr(node, "lineno", 1), origin.label())
        return replace(origin, trace=(step,))

    def _of_call(self, call: ast.Call, use: Use) -> Iterator[Origin | None]:
        name = self._file.qualified_name(call.func) or ""
        if isinstance(call.func, ast.Attribute) and self._direct(call.func):
            yield self._direct(call.func)
            return
        if name in CLEANS and _cleans(name, use):
            return
        if name in PASSES or name in CLEANS:
            yield from (self.origin(argument, use) for argument in _arguments(call))
            return
        if function := self._file.names.functions().get(name):
            yield self._through(call, function, use)
            return
        if isinstance(call.func, ast.Attribute):
            yield from self._of_method(call, call.func, use)
        elif name in {"asyncio.to_thread", "asyncio.wait_for"}:
            yield from (self.origin(argument, use) for argument in _arguments(call))

    def _of_method(
        self, call: ast.Call, method: ast.Attribute, use: Use
    ) -> Iterator[Origin | None]:
        if method.attr in CLEANING_METHODS or _escapes(call, method, use):
            return
        if use == "path" and method.attr == "read":
            return
        if method.attr in {"join", "format", "joinpath", "format_map", "substitute", "replace"}:
            yield from (self.origin(argument, use) for argument in _arguments(call))
        elif method.attr == "get" and len(call.args) > 1:
            yield self.origin(call.args[1], use)
        owner = self.origin(method.value, use)
        if owner is None or owner.kind != "parameter" or method.attr in KEEPING_METHODS:
            yield owner

    def _through(self, call: ast.Call, function: FunctionNode, use: Use) -> Origin | None:
        """What a function of this file returns of its arguments, or of the request by itself."""
        returned = self._inside._returned(function, use)  # noqa: SLF001 another of this class
        if returned is not None and returned.kind == "parameter":
            returned = self._worst(
                self.origin(given, use)
                for name in self._inside._passed_on(function, use)  # noqa: SLF001 the same
                if (given := self._parameters.argument(call, function, name)) is not None
            )
        if returned is None:
            return None
        return returned.via(Step(self._file.path, call.lineno, f"returned by `{function.name}()`"))

    def _returned(self, function: FunctionNode, use: Use) -> Origin | None:
        if self._parameters.is_harmless(function.returns):
            return None
        return self._worst(
            self.origin(value, use) for value in returned_values(self._file, function)
        )

    def _passed_on(self, function: FunctionNode, use: Use) -> set[str]:
        """The parameters of a function that are part of what it returns."""
        return {
            origin.name
            for value in returned_values(self._file, function)
            if self.origin(value, use) is not None
            for name in self._file.within(value)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
            if (origin := self.origin(name, use)) is not None and origin.kind == "parameter"
        }


def flow_of(file: SourceFile) -> Flow:
    """The answers for a file, made once."""
    return file.memo("flow", lambda: Flow(file))


def returned_values(file: SourceFile, function: FunctionNode) -> list[ast.expr]:
    """The expressions that a function returns or yields."""
    return file.memo(
        f"returned:{id(function)}",
        lambda: [
            node.value
            for node in file.body(function)
            if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) and node.value is not None
        ],
    )


def _parts(node: ast.AST) -> list[ast.expr]:
    """The expressions whose values the value of this one holds."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod() | ast.Div() | ast.BitOr(), right=right):
            return [left, right]
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return [element]
        case ast.DictComp(key=key, value=value):
            return [key, value]
        case ast.Await(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
            return [value]
        case ast.JoinedStr(values=values) | ast.BoolOp(values=values) | ast.Dict(values=values):
            return values
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return elements
        case _:
            return []


def _cleans(name: str, use: Use) -> bool:
    kinds = CLEANS[name]
    return kinds is None or use in kinds


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _escapes(call: ast.Call, method: ast.Attribute, use: Use) -> bool:
    """Whether a method with this name makes its argument or its owner harmless for the use."""
    if method.attr == "replace" and call.args and isinstance(call.args[0], ast.Constant):
        return (use, call.args[0].value) in _REPLACED
    return method.attr in {"escape", "quote", "clean", "sanitize"} and use in {"html", "sql", "url"}


def _is_numeric_format(node: ast.FormattedValue) -> bool:
    """Whether the format works for numbers only: `{x:.2f}`, `{n:,}`, `{n:02d}`."""
    match node.format_spec:
        case ast.JoinedStr(values=[ast.Constant(value=str(text))]):
            return text[-1:] in {"f", "d", "e", "g", "%", "x", "b", ","}
        case _:
            return False


def _is_private(function: FunctionNode) -> bool:
    return function.name.startswith("_") and not function.name.startswith("__")


def _is_statement_level(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return))


def _field_of(parent: ast.AST, child: ast.AST) -> str:
    for name in ("body", "orelse", "finalbody", "handlers"):
        items = getattr(parent, name, None)
        if isinstance(items, list) and child in items:
            return name
    return ""


def _unpacked(binding: Binding, file: SourceFile) -> ast.expr:
    """The element of a tuple on the right that a name on the left is given, or all of it."""
    value = binding.value
    assert value is not None
    target = file.parent(binding.node)
    if (
        isinstance(value, (ast.Tuple, ast.List))
        and isinstance(target, (ast.Tuple, ast.List))
        and len(value.elts) == len(target.elts)
        and not any(isinstance(item, ast.Starred) for item in (*value.elts, *target.elts))
    ):
        return value.elts[next(i for i, item in enumerate(target.elts) if item is binding.node)]
    return value
