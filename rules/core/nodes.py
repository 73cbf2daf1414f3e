"""The nodes of one parsed file: one walk, by type, with their parents."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
_DEFINITIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef})


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    def __missing__(self, node_type: type[ast.AST]) -> tuple[str, ...]:
        found = self[node_type] = _fields(node_type)
        return found


_FIELDS = _Fields()


class Nodes:
    """Every node of a tree, found in one walk without recursion.

    `order` lists them as the text does, a node before what is inside it; so what is inside a node
    follows it in one run. Operators, contexts and `Load` markers are left out.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self.order: list[ast.AST] = []
        self._by_type: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._walk()

    def of[Node: ast.AST](self, node_type: type[Node]) -> list[Node]:
        """Every node of exactly this type."""
        return self._by_type.get(node_type, _NONE)  # pyright: ignore[reportReturnType] keyed so

    def types(self) -> Iterator[type[ast.AST]]:
        """The node types that occur."""
        yield from self._by_type

    def inside(self, node: ast.AST) -> list[ast.AST]:
        """The node and everything below it, in the order of the text.

        Of a node that was made up, and is not of this tree, in any order.
        """
        if node not in self._spans:
            return list(ast.walk(node))
        first, end = self._spans[node]
        return self.order[first:end]

    def running(self, statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
        """What is below some neighbouring nodes, but not below a function, lambda or class in them.

        Such a definition is given itself.
        """
        if not statements or statements[0] not in self._spans:
            for node in statements:  # Made up, not of this tree.
                yield from ast.walk(node)
            return
        order, spans = self.order, self._spans
        position, end = spans[statements[0]][0], spans[statements[-1]][1]
        while position < end:
            node = order[position]
            yield node
            position = spans[node][1] if node.__class__ in _DEFINITIONS else position + 1

    @cached_property
    def _spans(self) -> dict[ast.AST, tuple[int, int]]:
        """Node to where it stands in `order` and where what is inside it ends."""
        order, parents = self.order, self.parents
        ends: dict[ast.AST, int] = {}
        spans: dict[ast.AST, tuple[int, int]] = {}
        for position in range(len(order) - 1, -1, -1):
            node = order[position]
            end = ends.pop(node, position + 1)
            spans[node] = (position, end)
            parent = parents.get(node)
            if parent is not None and parent not in ends:
                ends[parent] = end  # The last child comes first here, and ends with its parent.
        return spans

    def _walk(self) -> None:
        """Fill the tables. The loop is the hot path of everything, hence its plainness."""
        parents, by_type, fields, syntax = self.parents, self._by_type, _FIELDS, ast.AST
        append = self.order.append
        waiting: list[ast.AST] = [self.tree]
        take = waiting.pop
        while waiting:
            node = take()
            append(node)
            node_type = node.__class__
            by_type[node_type].append(node)
            names = fields[node_type]
            if not names:
                continue
            children: list[ast.AST] = []
            for name in names:
                value: Any = getattr(node, name, None)
                if value.__class__ is list:
                    for child in value:
                        if isinstance(child, syntax):
                            parents[child] = node
                            children.append(child)
                elif isinstance(value, syntax):
                    parents[value] = node
                    children.append(value)
            children.reverse()
            waiting += children
