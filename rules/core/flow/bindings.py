"""Which assignments can hold where a name is used."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.scopes import Binding
    from rules.core.source import SourceFile


class Reaching:
    """The bindings of a file's names, as far as the order of its statements tells."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def of(self, name: ast.Name) -> list[Binding]:
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


def _is_statement_level(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return))


def _field_of(parent: ast.AST, child: ast.AST) -> str:
    for name in ("body", "orelse", "finalbody", "handlers"):
        items = getattr(parent, name, None)
        if isinstance(items, list) and child in items:
            return name
    return ""


def unpacked(binding: Binding, file: SourceFile) -> ast.expr:
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
