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
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from rules.core.flow.bindings import Reaching, unpacked
from rules.core.flow.calls import (
    arguments_of,
    cleans,
    escapes,
    is_extension,
    is_numeric_format,
    parts_of,
)
from rules.core.flow.guards import Guards
from rules.core.flow.harmless import Harmless
from rules.core.flow.origins import Kind, Origin, Use, worst
from rules.core.flow.sources import Parameters, part_of_answer, part_of_request
from rules.core.rule import Step
from rules.core.scopes import FUNCTIONS, Binding, FunctionNode
from rules.tables.flow import CLEANING_METHODS, CLEANS, KEEPING_METHODS, PASSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_DEPTH = 40


class Flow:
    """Answers for one file; made once by `flow_of`."""

    def __init__(self, file: SourceFile, *, callers: bool = True) -> None:
        self._file = file
        self._callers = callers
        self._known: dict[tuple[ast.AST, Use], Origin | None] = {}
        self._busy: set[tuple[ast.AST, Use]] = set()
        self._guards = Guards(file)
        self._parameters = Parameters(file)
        self.reaching = Reaching(file)
        self._harmless = Harmless(file, self._guards, self._parameters, self.reaching)

    @cached_property
    def inside(self) -> Flow:
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

    def checked_uses(self, name: ast.Name, uses: tuple[Use, ...]) -> tuple[Use, ...]:
        """Those of some uses for which a variable was checked before it stands here."""
        checks = self._guards.checks(name)
        if not checks or None in checks:
            return uses if checks else ()
        return tuple(use for use in uses if any(check and use in check for check in checks))

    def is_harmless(self, expression: ast.expr, use: Use = "data") -> bool:
        """Whether the value is certainly a number, a constant or made harmless for this use."""
        return self._harmless.of(expression, use)

    def origin(self, expression: ast.AST, use: Use = "data") -> Origin | None:
        """The most dangerous origin: request, then answers, then parameters of unknown callers."""
        key = (expression, use)
        if key in self._known:
            return self._known[key]
        if key in self._busy or len(self._busy) > _DEPTH:
            return None
        self._busy.add(key)
        try:
            found = self._known[key] = worst(self._origins(expression, use))
        finally:
            self._busy.discard(key)
        return found

    def _origins(self, node: ast.AST, use: Use) -> Iterator[Origin | None]:
        match node:
            case ast.Name():
                yield from self._of_name(node, use)
            case ast.Attribute():
                yield self._of_attribute(node, use)
            case ast.Call():
                yield from self._of_call(node, use)
            case ast.Subscript(value=value):
                harmless = self._guards.covers(node, use) or (use == "path" and is_extension(node))
                yield None if harmless else self.origin(value, use)
            case ast.FormattedValue(value=value):
                yield None if is_numeric_format(node) else self.origin(value, use)
            case _:
                for part in parts_of(node):
                    yield self.origin(part, use)

    # Names

    def _of_name(self, name: ast.Name, use: Use) -> Iterator[Origin | None]:
        if self._guards.covers(name, use):
            return
        for binding in self.reaching.of(name):
            yield self._of_binding(binding, use)

    def _of_binding(self, binding: Binding, use: Use) -> Origin | None:
        match binding.kind:
            case "argument":
                return self._of_parameter(binding, use)
            case "assign" | "for" | "with" if binding.value is not None:
                if binding.kind == "assign" and self._parameters.is_harmless(binding.annotation):
                    return None
                return self._assigned(binding, self.origin(binding.value, use))
            case "unpack" if binding.value is not None:
                return self._assigned(binding, self.origin(unpacked(binding, self._file), use))
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
            return worst(given)
        outside = (origin for origin in given if origin and origin.kind != "parameter")
        return worst(outside) or self._unknown(binding, function)

    def _all_harmless(self, function: FunctionNode, binding: Binding, use: Use) -> bool:
        """Whether every caller in this file gives a constant, a number or a checked value."""
        given = (
            self._parameters.argument(call, function, binding.name)
            for call in self._parameters.calls_of(function)
        )
        return all(value is None or self.is_harmless(value, use) for value in given)

    def _unknown(self, binding: Binding, function: FunctionNode) -> Origin:
        assert isinstance(binding.node, ast.arg)
        place = f"{function.name}()"
        return Origin("parameter", binding.name, place, binding.node, parameters=(binding.node,))

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
        if name in CLEANS and cleans(name, use):
            return
        if name in PASSES or name in CLEANS:
            yield from (self.origin(argument, use) for argument in arguments_of(call))
            return
        if function := self._file.defined.functions.get(name):
            yield self._through(call, function, use)
            return
        if isinstance(call.func, ast.Attribute):
            yield from self._of_method(call, call.func, use)
        elif name in {"asyncio.to_thread", "asyncio.wait_for"}:
            yield from (self.origin(argument, use) for argument in arguments_of(call))

    def _of_method(
        self, call: ast.Call, method: ast.Attribute, use: Use
    ) -> Iterator[Origin | None]:
        if method.attr in CLEANING_METHODS or escapes(call, method, use):
            return
        if use == "path" and method.attr == "read":
            return
        if method.attr in {"join", "format", "joinpath", "format_map", "substitute", "replace"}:
            yield from (self.origin(argument, use) for argument in arguments_of(call))
        elif method.attr == "get" and len(call.args) > 1:
            yield self.origin(call.args[1], use)
        owner = self.origin(method.value, use)
        if owner is None or owner.kind != "parameter" or method.attr in KEEPING_METHODS:
            yield owner

    def _through(self, call: ast.Call, function: FunctionNode, use: Use) -> Origin | None:
        """What a function of this file returns of its arguments, or of the request by itself."""
        returned = self.inside._returned(function, use)  # noqa: SLF001 another of this class
        if returned is not None and returned.kind == "parameter":
            returned = worst(
                self.origin(given, use)
                for name in self.inside._passed_on(function, use)  # noqa: SLF001 the same
                if (given := self._parameters.argument(call, function, name)) is not None
            )
        if returned is None:
            return None
        return returned.via(Step(self._file.path, call.lineno, f"returned by `{function.name}()`"))

    def _returned(self, function: FunctionNode, use: Use) -> Origin | None:
        if self._parameters.is_harmless(function.returns):
            return None
        return worst(self.origin(value, use) for value in returned_values(self._file, function))

    def _passed_on(self, function: FunctionNode, use: Use) -> set[str]:
        """The parameters of a function that are part of what it returns."""
        return {
            parameter.arg
            for value in returned_values(self._file, function)
            if (origin := self.origin(value, use)) is not None
            for parameter in origin.parameters
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


def _is_private(function: FunctionNode) -> bool:
    return function.name.startswith("_") and not function.name.startswith("__")
