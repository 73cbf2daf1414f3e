"""Which values are certainly harmless: numbers, constants, what was checked or escaped."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow.bindings import Reaching, unpacked
from rules.core.flow.calls import arguments_of, cleans, escapes, parts_of
from rules.tables.flow import CLEANING_METHODS, CLEANS, KEEPING_METHODS, PASSES

if TYPE_CHECKING:
    from rules.core.flow.guards import Guards
    from rules.core.flow.origins import Use
    from rules.core.flow.sources import Parameters
    from rules.core.scopes import Binding
    from rules.core.source import SourceFile

_DEPTH = 10


class Harmless:
    """Answers for one file."""

    def __init__(
        self, file: SourceFile, guards: Guards, parameters: Parameters, reaching: Reaching
    ) -> None:
        self._file = file
        self._guards = guards
        self._parameters = parameters
        self._reaching = reaching

    def of(self, node: ast.expr, use: Use, depth: int = _DEPTH) -> bool:
        """Whether the value is certainly a number, a constant or made harmless for this use."""
        if depth <= 0:
            return False
        match node:
            case ast.Constant() | ast.Compare():
                return True
            case ast.Name():
                return self._name(node, use, depth - 1)
            case ast.Attribute(attr=attr):
                return attr.isupper() or self._parameters.is_harmless_field(node)
            case ast.Call():
                return self._call(node, use, depth - 1)
            case ast.BinOp(op=ast.Mod()):
                return False
            case ast.BinOp(right=ast.Constant(value=int() | float())):
                return True
            case ast.BinOp(left=left, right=right):
                return self.of(left, use, depth - 1) and self.of(right, use, depth - 1)
            case ast.Subscript(value=value):
                return self.of(value, use, depth - 1)
            case ast.UnaryOp(operand=operand):
                return self.of(operand, use, depth - 1)
            case _:
                parts = parts_of(node)
                return bool(parts) and all(self.of(p, use, depth - 1) for p in parts)

    def _name(self, name: ast.Name, use: Use, depth: int) -> bool:
        if self._guards.covers(name, use):
            return True
        bindings = self._reaching.of(name)
        if not bindings or any(binding.kind == "import" for binding in bindings):
            return name.id.isupper()
        return all(self._binding(binding, use, depth) for binding in bindings)

    def _binding(self, binding: Binding, use: Use, depth: int) -> bool:
        if binding.annotation is not None and self._parameters.is_harmless(binding.annotation):
            return True
        if binding.kind == "argument":
            return self._parameters.is_harmless_parameter(binding)
        parent = self._file.parent(binding.node)
        if isinstance(parent, ast.AugAssign):
            return self.of(parent.value, use, depth)
        if binding.kind in {"assign", "for"} and binding.value is not None:
            return self.of(binding.value, use, depth)
        if binding.kind == "unpack" and binding.value is not None:
            return self.of(unpacked(binding, self._file), use, depth)
        return False

    def _call(self, call: ast.Call, use: Use, depth: int) -> bool:
        name = self._file.qualified_name(call.func) or ""
        if name in CLEANS:
            return cleans(name, use)
        if name in PASSES:
            return all(self.of(argument, use, depth) for argument in arguments_of(call))
        if isinstance(call.func, ast.Attribute):
            if call.func.attr in CLEANING_METHODS or escapes(call, call.func, use):
                return True
            owner = self.of(call.func.value, use, depth)
            return (
                owner
                and call.func.attr in KEEPING_METHODS
                and all(self.of(item, use, depth) for item in arguments_of(call))
            )
        function = self._file.defined.functions.get(name)
        return function is not None and self._parameters.is_harmless(function.returns)
