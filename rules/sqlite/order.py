"""Which of two places in a function runs first."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from rules.core.source import SourceFile


def precedes(first: ast.AST, second: ast.AST, file: SourceFile) -> bool:
    """Whether `second` can run after `first` in one run of their function, without going round."""
    path = _path(first, file)
    for parent in (second, *file.ancestors(second)):
        if parent in path:
            return False
        outer = file.parent(parent)
        if outer in path:
            child = path[outer]
            return child is not None and _in_order(outer, child, parent)
        if isinstance(parent, (*FUNCTIONS, ast.Lambda)):
            return False
    return False


def _path(node: ast.AST, file: SourceFile) -> dict[ast.AST, ast.AST | None]:
    """Each node around the given one, with the child through which it leads there."""
    found: dict[ast.AST, ast.AST | None] = {}
    child: ast.AST = node
    for parent in file.ancestors(node):
        found[parent] = child
        if isinstance(parent, (*FUNCTIONS, ast.Lambda)):
            break
        child = parent
    return found


def _in_order(outer: ast.AST, first: ast.AST, second: ast.AST) -> bool:
    for name in ("items", "body", "orelse", "finalbody"):
        block = cast("list[ast.AST]", getattr(outer, name, []))
        if first in block and second in block:
            return block.index(first) < block.index(second)
    if isinstance(outer, (ast.Try, ast.TryStar)):
        return first in outer.body and second in (*outer.orelse, *outer.finalbody)
    return False
