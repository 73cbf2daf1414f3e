"""Whether a change rewrote the place of a finding that stood there before, or only moved it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.engine import normalised
from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_BLOCKS = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith,
    ast.ExceptHandler, ast.match_case,
)  # fmt: skip


def is_rewritten(before: ast.AST, old: SourceFile, after: ast.AST, new: SourceFile) -> bool:
    """Whether the statement around a node says something else now, or is run under other blocks.

    Reformatted, indented with its blocks, or moved up and down, it is the same.
    """
    return _statement(before, old) != _statement(after, new) or (
        list(_blocks(before, old)) != list(_blocks(after, new))
    )


def _statement(node: ast.AST, file: SourceFile) -> str:
    if not isinstance(node, (ast.expr, ast.stmt)):
        return ""
    return normalised(_header(file.statement(node), file))


def _header(node: ast.AST, file: SourceFile) -> str:
    """The source of a statement; of a block, what stands before its body."""
    source = file.source(node)
    body: list[ast.stmt] = getattr(node, "body", [])
    if not isinstance(node, ast.stmt) or not body:
        return source
    return "\n".join(source.split("\n")[: max(body[0].lineno - node.lineno, 1)])


def _blocks(node: ast.AST, file: SourceFile) -> Iterator[str]:
    """The blocks of its function around a node, innermost first."""
    for parent in file.ancestors(node):
        if isinstance(parent, FUNCTIONS):
            return
        if isinstance(parent, _BLOCKS):
            yield type(parent).__name__
