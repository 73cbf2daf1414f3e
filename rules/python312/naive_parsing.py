"""Texts that say UTC, or that meet a time with a zone, parsed into times without one."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SAYS_UTC = re.compile(r"(?<!%)Z|UTC|GMT", re.ASCII)
_ZONES = re.compile(r"%z|%:z")
_STRIPS = frozenset({"removesuffix", "replace", "rstrip", "strip"})
_ZONE_TEXTS = frozenset({"Z", "z", "+00:00"})
_NOW_WITH_ZONE = frozenset({"datetime.datetime.now", "datetime.datetime.fromtimestamp"})
_AWARE_NOW = frozenset({"django.utils.timezone.now"})
_DEPTH = 3


def says_utc(call: ast.Call, file: SourceFile) -> bool | None:
    """Whether a text that is parsed without its zone says that it is UTC; None: not parsed so.

    `strptime(text, "%Y-%m-%dT%H:%M:%SZ")` reads the `Z` as a letter, and
    `fromisoformat(text.replace("Z", ""))` does not even see it.
    """
    name = file.qualified_name(call.func)
    if name == "datetime.datetime.strptime":
        layout = file.literal(file.argument(call, 1, "format"))
        if not isinstance(layout, str) or _ZONES.search(layout) or "%H" not in layout:
            return None
        return bool(_SAYS_UTC.search(layout))
    if name != "datetime.datetime.fromisoformat" or not call.args:
        return None
    match call.args[0]:
        case ast.Call(
            func=ast.Attribute(attr=method),
            args=[ast.Constant(value=str(text)), *rest],
        ) if method in _STRIPS and text in _ZONE_TEXTS:
            is_gone = not rest or (isinstance(rest[0], ast.Constant) and rest[0].value == "")
            return True if is_gone else None
        case _:
            return None


def timestamps(call: ast.Call, file: SourceFile) -> bool:
    """Whether `.timestamp()` is asked of the time that a call parses."""
    return any(
        isinstance(file.parent(use), ast.Attribute)
        and getattr(file.parent(use), "attr", "") == "timestamp"
        for use in _uses(call, file)
    )


def meets_zone(call: ast.Call, file: SourceFile) -> bool:
    """Whether the time that a call parses is compared with, or subtracted from, one with a zone."""
    for use in _uses(call, file):
        match file.parent(use):
            case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]) as asked:
                other = asked.comparators[0] if left is use else left
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                other = right if left is use else left
            case _:
                continue
        if is_aware(other, file):
            return True
    return False


def is_aware(node: ast.expr, file: SourceFile, depth: int = _DEPTH) -> bool:
    """Whether an expression is certainly a datetime with a zone."""
    if depth == 0:
        return False
    match node:
        case ast.Name():
            values = file.values(node)
            return bool(values) and all(is_aware(value, file, depth - 1) for value in values)
        case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
            return is_aware(left, file, depth - 1) and _is_delta(right, file)
        case ast.Call(func=ast.Attribute(attr="astimezone")):
            return True
        case ast.Call(
            func=ast.Attribute(attr="replace"), keywords=[ast.keyword(arg="tzinfo") as zone]
        ):
            return not (isinstance(zone.value, ast.Constant) and zone.value.value is None)
        case ast.Call(func=function):
            name = file.qualified_name(function)
            return name in _AWARE_NOW or (name in _NOW_WITH_ZONE and _has_zone(node, name, file))
        case _:
            return False


def _has_zone(call: ast.Call, name: str, file: SourceFile) -> bool:
    given = file.argument(call, 1 if name.endswith("fromtimestamp") else 0, "tz")
    return given is not None and (file.qualified_name(given) or "").startswith("datetime.")


def _is_delta(node: ast.expr, file: SourceFile) -> bool:
    return isinstance(node, ast.Call) and file.qualified_name(node.func) == "datetime.timedelta"


def _uses(call: ast.Call, file: SourceFile) -> Iterator[ast.expr]:
    """Where the very value of a call is used: on the spot, or by a variable that holds only it."""
    yield call
    match file.parent(call):
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            pass
        case _:
            return
    function = file.enclosing_function(call)
    for use in file.body(function) if function is not None else ():
        if not isinstance(use, ast.Name) or use.id != name.id or not isinstance(use.ctx, ast.Load):
            continue
        found = file.names.reaching(use)
        if len(found) == 1 and found[0].value is call:
            yield use
