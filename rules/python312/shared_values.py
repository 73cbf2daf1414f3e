"""Mutable values that several calls or instances share."""

from __future__ import annotations

import ast
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_MAKERS = frozenset({"list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter"})
_CHANGES = frozenset({
    "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "discard",
    "update", "setdefault", "popitem", "appendleft", "popleft", "difference_update",
    "intersection_update", "symmetric_difference_update",
})  # fmt: skip
_READERS = frozenset({
    "len", "list", "tuple", "set", "dict", "sorted", "sum", "any", "all", "min", "max", "enumerate",
    "zip", "map", "filter", "frozenset", "bool", "str", "repr", "print", "isinstance", "range",
    "reversed", "iter", "join", "copy", "deepcopy", "chain", "dumps",
})  # fmt: skip


def new_value(value: ast.expr) -> str | None:
    """The text that makes such a value anew, or None when the value is not mutable."""
    match value:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return ast.unparse(value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _MAKERS:
            text = ast.unparse(value)
            return {"list()": "[]", "dict()": "{}"}.get(text, text)
        case _:
            return None


class Risk(enum.IntEnum):
    """What a function does with a value that all of its calls share, the worst last."""

    READ = 0
    HANDED_ON = 1
    KEPT = 2
    CHANGED = 3


def risk_of(name: str, function: FunctionNode, file: SourceFile) -> Risk:
    """What a function does with a parameter, when it may still be the default."""
    uses = [node for node in file.body(function) if isinstance(node, ast.Name) and node.id == name]
    if any(isinstance(use.ctx, ast.Store) for use in uses):
        return Risk.READ
    return max((_risk(use, file) for use in uses), default=Risk.READ)


def _risk(name: ast.Name, file: SourceFile) -> Risk:
    parent = file.parent(name)
    match parent:
        case ast.Attribute(attr=attr) if attr in _CHANGES:
            return Risk.CHANGED
        case ast.Subscript(ctx=ast.Store() | ast.Del()) if parent.value is name:
            return Risk.CHANGED
        case ast.AugAssign() | ast.Delete():
            return Risk.CHANGED
        case ast.Return() | ast.Yield():
            return Risk.KEPT
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            return Risk.KEPT
        case ast.Call(func=ast.Name(id=function) | ast.Attribute(attr=function)):
            return Risk.READ if function in _READERS else Risk.HANDED_ON
        case ast.keyword():
            return Risk.HANDED_ON
        case _:
            return Risk.READ


def changed_through_self(name: str, class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether methods change `self.name` and no one gives each instance its own."""
    uses = [
        node
        for node in file.of(ast.Attribute)
        if node.attr == name
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and file.enclosing_class(node) is class_
    ]
    if any(isinstance(use.ctx, ast.Store) for use in uses):
        return False
    return any(_changes(use, file) for use in uses)


def _changes(use: ast.Attribute, file: SourceFile) -> bool:
    parent = file.parent(use)
    match parent:
        case ast.Attribute(attr=attr):
            return attr in _CHANGES and isinstance(file.parent(parent), ast.Call)
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            return parent.value is use
        case _:
            return False
