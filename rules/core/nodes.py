"""The nodes of one parsed file: one walk, by type, with their parents."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = {
    "ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "level", "module",
    "is_async", "conversion", "simple", "type_ignores", "asname", "cls", "kwd_attrs", "rest",
}  # fmt: skip
"""Fields that never hold a node that a rule looks at by itself."""


def _fields(node_type: type[ast.AST]) -> tuple[str, ...]:
    if node_type in {ast.Constant, ast.MatchSingleton, ast.Global, ast.Nonlocal, ast.alias}:
        return ()
    wanted = {"cls"} if node_type is ast.MatchClass else set[str]()
    return tuple(
        name
        for name in node_type._fields
        if name in wanted or (name not in _PLAIN and not (name == "name" and node_type in _NAMED))
    )


_NAMED = {
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs,
    ast.MatchStar, ast.TypeVar, ast.ParamSpec, ast.TypeVarTuple,
}  # fmt: skip


_NONE: list[Any] = []


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    def __missing__(self, node_type: type[ast.AST]) -> tuple[str, ...]:
        found = self[node_type] = _fields(node_type)
        return found


_FIELDS = _Fields()


class Nodes:
    """Every node of a tree, found in one walk without recursion.

    `order` lists them breadth first, which is also the order inside each type.
    """

    __slots__ = ("_by_type", "order", "parents", "tree")

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self.order: list[ast.AST] = [tree]
        self._by_type: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._walk()

    def of[Node: ast.AST](self, node_type: type[Node]) -> list[Node]:
        """Every node of exactly this type."""
        return self._by_type.get(node_type, _NONE)  # pyright: ignore[reportReturnType] keyed so

    def types(self) -> Iterator[type[ast.AST]]:
        """The node types that occur."""
        yield from self._by_type

    def _walk(self) -> None:
        """Fill the tables. The loop is the hot path of everything, hence its plainness."""
        order, parents, by_type, fields = self.order, self.parents, self._by_type, _FIELDS
        append, syntax = order.append, ast.AST
        for node in order:
            node_type = node.__class__
            by_type[node_type].append(node)
            for name in fields[node_type]:
                value: Any = getattr(node, name, None)
                if value.__class__ is list:
                    for child in value:
                        if isinstance(child, syntax):
                            parents[child] = node
                            append(child)
                elif isinstance(value, syntax):
                    parents[value] = node
                    append(value)
