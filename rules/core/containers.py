"""Containers: what one holds by its annotation, and the calls that give it or one of its values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SEQUENCES = {
    "list", "set", "frozenset", "tuple", "collections.deque", "typing.List", "typing.Set",
    "typing.FrozenSet", "typing.Tuple", "typing.Deque", "typing.Sequence", "typing.Iterable",
    "typing.Iterator", "typing.Collection", "typing.AsyncIterator", "typing.AsyncIterable",
    "collections.abc.Sequence", "collections.abc.Iterable", "collections.abc.Iterator",
    "collections.abc.Collection", "collections.abc.Set", "collections.abc.AsyncIterator",
    "collections.abc.AsyncIterable",
}  # fmt: skip
_MAPPINGS = {
    "dict", "collections.defaultdict", "collections.OrderedDict", "typing.Dict",
    "typing.DefaultDict", "typing.OrderedDict", "typing.Mapping", "typing.MutableMapping",
    "collections.abc.Mapping", "collections.abc.MutableMapping",
}  # fmt: skip
_OPTIONAL = "typing.Optional"
_SAME_VALUES = {"list", "tuple", "set", "sorted", "reversed", "enumerate", "iter"}
_VIEWS = {"values", "items", "copy"}
_LOOK_UPS = {"get", "pop", "setdefault", "popleft"}


def held(annotation: ast.expr | None, name_of: Callable[[ast.AST], str | None]) -> ast.expr | None:
    """The annotation of the values in a container: `Agent` of `dict[str, Agent] | None`."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return held(left, name_of) or held(right, name_of)
        case ast.Subscript(value=container, slice=inner):
            return _value(name_of(container), inner, name_of)
        case _:
            return None


def _value(
    container: str | None, inner: ast.expr, name_of: Callable[[ast.AST], str | None]
) -> ast.expr | None:
    if container == _OPTIONAL:
        return held(inner, name_of)
    if container in _MAPPINGS:
        return inner.elts[1] if isinstance(inner, ast.Tuple) and len(inner.elts) == 2 else None
    if container not in _SEQUENCES:
        return None
    match inner:
        case ast.Tuple(elts=[first, ast.Constant(value=value)]) if value is ...:
            return first
        case ast.Tuple():
            return None
        case _:
            return inner


def passed_through(call: ast.Call) -> ast.expr | None:
    """The container of which a call gives the same values: `agents` of `list(agents.values())`."""
    match call:
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _SAME_VALUES:
            return inner
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[]) if name in _VIEWS:
            return inner
        case _:
            return None


def looked_in(call: ast.Call) -> ast.expr | None:
    """The container that a call takes one value from: `agents` of `agents.get(name)`."""
    match call:
        case ast.Call(func=ast.Attribute(value=container, attr=name)) if name in _LOOK_UPS:
            return container if call.args or name.startswith("pop") else None
        case _:
            return None


def gives_pairs(iterable: ast.expr) -> bool:
    """Whether iterating gives pairs, the value last: `agents.items()`, `enumerate(agents)`."""
    match iterable:
        case ast.Call(func=ast.Attribute(attr="items")):
            return True
        case ast.Call(func=ast.Name(id="enumerate")):
            return True
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _SAME_VALUES:
            return gives_pairs(inner)
        case _:
            return False
