"""Loops over collections, and what a database call in one depends on."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.scopes import COMPREHENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

type Loop = ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_IN_PARTS = re.compile(
    r"(^|_|\b)(batch|chunk|page|attempt|retry|window|shard|slice|partition|table|try|bucket"
    r"|migration|month|year|day|date|interval|timeframe|provider|adapter|bot|strategy|statement"
    r"|query|batche|retrie|querie|strategie|type|kind|source|status|platform|exchange|resource)(e?s)?(_|\b|$)",
    re.IGNORECASE,
)
_CONFIGURED = re.compile(r"(^|_)(cfg|config|conf|configuration|settings|options)$", re.IGNORECASE)
_ENDLESS = {"range", "count", "cycle", "repeat", "batched", "chunked"}


def row_loop(node: ast.AST, file: SourceFile) -> Loop | None:
    """The nearest loop over a collection of unknown size that runs the node once per item.

    None for loops over constants, counted loops, batches and pages.
    """
    loop = file.enclosing_loop(node)
    if isinstance(loop, COMPREHENSIONS):
        first = loop.generators[0]
        return loop if _is_per_row(first.target, first.iter, file) else None
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        return loop if _is_per_row(loop.target, loop.iter, file) else None
    return None


def _is_per_row(target: ast.expr, iterable: ast.expr, file: SourceFile) -> bool:
    if is_constant(iterable, file):
        return False
    if _IN_PARTS.search(file.source(target)) or _IN_PARTS.search(_last(iterable)):
        return False
    while isinstance(iterable, ast.Call) and _last(iterable.func) in {
        "enumerate", "sorted", "list", "set", "reversed", "tuple", "zip", "tqdm",
    } and iterable.args:  # fmt: skip
        iterable = iterable.args[0]
        if is_constant(iterable, file):
            return False
    if _is_typed_by_hand(iterable, file):
        return False
    return not (isinstance(iterable, ast.Call) and _last(iterable.func) in _ENDLESS)


def _is_typed_by_hand(iterable: ast.expr, file: SourceFile) -> bool:
    """`settings.markets`, `text.split(",")`: as long as what somebody wrote into one line or file."""
    if isinstance(iterable, ast.Name):
        values = file.values(iterable)
        return bool(values) and all(
            not isinstance(value, ast.Name) and _is_typed_by_hand(value, file) for value in values
        )
    if isinstance(iterable, COMPREHENSIONS):
        return _is_typed_by_hand(iterable.generators[0].iter, file)
    if isinstance(iterable, ast.Call):
        separator = iterable.args[0] if iterable.args else None
        is_split = isinstance(iterable.func, ast.Attribute) and iterable.func.attr == "split"
        return is_split and isinstance(separator, ast.Constant) and separator.value in {",", ";"}
    return isinstance(iterable, ast.Attribute) and bool(_CONFIGURED.search(_last(iterable.value)))


def is_constant(iterable: ast.expr, file: SourceFile) -> bool:
    """Whether what is looped over is written in the code, or is the members of a class."""
    if isinstance(iterable, (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Constant)):
        return True
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Attribute):
        if iterable.func.attr in {"items", "keys", "values"}:
            return is_constant(iterable.func.value, file)
        return iterable.func.attr == "get" and _is_upper(iterable.func.value)
    if isinstance(iterable, ast.Subscript):
        return _is_cut(iterable) or _is_upper(iterable.value)
    if isinstance(iterable, (ast.Name, ast.Attribute)):
        last = _last(iterable)
        if last.strip("_").isupper() or last[:1].isupper():
            return True
        values = file.values(iterable)
        return bool(values) and all(
            _is_cut(value)
            or (
                isinstance(value, (ast.Tuple, ast.List, ast.Set, ast.Dict))
                and bool(getattr(value, "elts", None) or getattr(value, "keys", None))
            )
            for value in values
        )
    return False


def _is_cut(value: ast.expr) -> bool:
    """`found[:5]`: no more than that."""
    return isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice)


def _is_upper(node: ast.expr) -> bool:
    """`RELATIONS` and `models.RELATIONS`: written in the code, by its name."""
    return _last(node).strip("_").isupper()


def item_names(loop: Loop, file: SourceFile) -> frozenset[str]:
    """The loop's own variables and those that its body derives from them."""
    return file.memo(f"sqlite.items:{id(loop)}", lambda: _item_names(loop, file))


def _item_names(loop: Loop, file: SourceFile) -> frozenset[str]:
    targets = (
        [generator.target for generator in loop.generators]
        if isinstance(loop, COMPREHENSIONS)
        else [loop.target]
    )
    names = {name for target in targets for name in file.names_in(target)}
    if isinstance(loop, COMPREHENSIONS):
        return frozenset(names)
    assignments = list(_assignments(loop, file))
    for _ in range(2):
        for statement in assignments:
            if statement.value is not None and mentions(statement.value, names):
                names.update(_targets(statement))
    return frozenset(names)


def _assignments(
    loop: ast.For | ast.AsyncFor, file: SourceFile
) -> Iterator[ast.Assign | ast.AnnAssign | ast.NamedExpr]:
    for node in file.body(loop):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            yield node


def _targets(statement: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                yield name.id


def has_loops(file: SourceFile) -> bool:
    """Whether there is anything in which a node could run once per item."""
    return any(file.of(kind) for kind in (ast.For, ast.AsyncFor, *COMPREHENSIONS))


def mentions(node: ast.AST, names: set[str] | frozenset[str]) -> bool:
    """Whether any of the names is read in the node."""
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(node))


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Call(func=function):
            return _last(function)
        case _:
            return ""
