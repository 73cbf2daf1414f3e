"""Blocking calls on one connection, said once for each function that makes them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.async_patterns.on_loop import BlockingCall
    from rules.core.source import SourceFile


def once_per_connection(calls: Iterable[BlockingCall], file: SourceFile) -> Iterator[BlockingCall]:
    """The first call on each connection, cursor or session of a function."""
    seen: set[tuple[ast.AST, str]] = set()
    for found in calls:
        key = (found.function, _root(found.call))
        if key not in seen and not _continues(found, seen, file):
            seen.add(key)
            yield found


def _root(call: ast.Call) -> str:
    """The variable that a chain of calls begins with."""
    node: ast.AST = call.func
    while isinstance(node, (ast.Attribute, ast.Call)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            is_self = node.value.id in {"self", "cls"}
            return f"{node.value.id}.{node.attr}" if is_self else node.value.id
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _continues(found: BlockingCall, seen: set[tuple[ast.AST, str]], file: SourceFile) -> bool:
    """Whether the call uses something that came from a connection already reported."""
    root: ast.AST = found.call.func
    while isinstance(root, (ast.Attribute, ast.Call)):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    if not isinstance(root, ast.Name):
        return False
    bindings = file.names.reaching(root)
    for binding in bindings:
        inner = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
        if isinstance(inner, ast.Call) and (found.function, _root(inner)) in seen:
            return True
    return False
