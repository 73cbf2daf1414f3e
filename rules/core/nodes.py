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
_NAMED_BLOCKS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
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
        self._qualnames: dict[ast.AST, str] = {}
        self._walk()

    def of[Node: ast.AST](self, node_type: type[Node]) -> list[Node]:
        """Every node of exactly this type."""
        return self._by_type.get(node_type, _NONE)  # pyright: ignore[reportReturnType] keyed so

    def types(self) -> Iterator[type[ast.AST]]:
        """The node types that occur."""
        yield from self._by_type

    def qualname(self, node: ast.AST) -> str:
        """Names of the functions and classes around a definition and its own, joined by dots."""
        current: ast.AST | None = node
        while current is not None and not isinstance(current, _NAMED_BLOCKS):
            current = self.parents.get(current)
        if current is None:
            return ""
        found = self._qualnames.get(current)
        if found is None:
            around = self.qualname(self.parents[current])
            found = f"{around}.{current.name}" if around else current.name
            self._qualnames[current] = found
        return found

    def inside(self, node: ast.AST) -> list[ast.AST]:
        """The node and everything below it, in the order of the text.

        Of a node that was made up, and is not of this tree, in any order.
        """
        first = self.positions.get(node)
        if first is None:
            return list(ast.walk(node))
        return self.order[first : self.end(node)]

    def running(self, statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
        """What is below some neighbouring nodes, but not below a function, lambda or class in them.

        Such a definition is given itself.
        """
        positions = self.positions
        if not statements or statements[0] not in positions:
            for node in statements:  # Made up, not of this tree.
                yield from ast.walk(node)
            return
        order = self.order
        position, end = positions[statements[0]], self.end(statements[-1])
        while position < end:
            node = order[position]
            yield node
            position = self.end(node) if node.__class__ in _DEFINITIONS else position + 1

    def runs_in(self, node: ast.AST) -> ast.AST | None:
        """The function, lambda or class of whose `running` the node is a part; None for none."""
        parents = self.parents
        child, parent = node, parents.get(node)
        while parent is not None and parent.__class__ not in _DEFINITIONS:
            child, parent = parent, parents.get(parent)
        if isinstance(parent, ast.Lambda):
            return parent if child is parent.body else None
        return parent if isinstance(child, ast.stmt) else None

    def end(self, node: ast.AST) -> int:
        """Where in `order` what is inside a node ends: behind the last child of the last child."""
        last = self._last_children
        while (child := last.get(node)) is not None:
            node = child
        return self.positions[node] + 1

    @cached_property
    def positions(self) -> dict[ast.AST, int]:
        """Node to where it stands in `order`; not of nodes that were made up."""
        return dict(zip(self.order, range(len(self.order)), strict=True))

    @cached_property
    def _last_children(self) -> dict[ast.AST, ast.AST]:
        """Node to its last child: `parents` has them in order, and of two the later one stays."""
        return dict(zip(self.parents.values(), self.parents, strict=True))

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
