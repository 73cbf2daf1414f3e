"""What becomes of a datetime: shown, measured, compared, stored."""

from __future__ import annotations

import ast
import enum
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


class Use(enum.IntEnum):
    """The uses of a datetime, the one that matters most last."""

    AWARE = 0
    SHOWN = 1
    MEASURED = 2
    UNKNOWN = 3
    GIVEN = 4
    COMPARED = 5
    SERIALISED = 6
    STORED = 7
    EPOCH = 8


_DISPLAY = frozenset({
    "strftime", "year", "month", "day", "hour", "minute", "second", "microsecond", "weekday",
    "isoweekday", "ctime", "time", "timetuple", "isocalendar", "__str__", "toordinal", "min", "max",
})  # fmt: skip
_LOGGING = re.compile(r"^(debug|info|warning|error|exception|critical|print|log|echo|write|str|"
    r"format|repr|hash|seed|strftime|isinstance|type|print_\w+|log_\w+|"
    r"\w*(display|render|draw|plot)\w*)$")  # fmt: skip
_STORES = frozenset({"append", "add", "execute", "values", "replace", "setattr", "update", "put"})
_TRANSPARENT = (ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Starred, ast.Await)
_DEPTH = 3


def use_of(node: ast.expr, file: SourceFile, depth: int = _DEPTH) -> Use:
    """What the code does with the datetime that an expression gives."""
    parent = file.parent(node)
    match parent:
        case ast.Attribute(attr=attr):
            return _of_attribute(parent, attr, file, depth)
        case ast.BinOp():
            return _of_sum(node, parent, file, depth)
        case ast.Compare():
            return Use.COMPARED
        case ast.keyword(arg=name):
            call = file.parent(parent)
            return _of_argument(call, file) if name else Use.UNKNOWN
        case ast.Call() if node is not parent.func:
            return _of_argument(parent, file)
        case ast.Dict():
            return Use.STORED
        case ast.Return() | ast.Yield() | ast.Lambda():
            return Use.STORED
        case ast.FormattedValue():
            return Use.SHOWN
        case ast.Tuple() | ast.List() if isinstance(file.parent(parent), ast.Assign):
            return Use.UNKNOWN
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
            return _of_assignment(parent, file, depth)
        case _ if isinstance(parent, _TRANSPARENT):
            return use_of(parent, file, depth)
        case _:
            return Use.UNKNOWN


def _of_attribute(attribute: ast.Attribute, attr: str, file: SourceFile, depth: int) -> Use:
    call = file.parent(attribute)
    if attr in {"isoformat", "__str__"}:
        return Use.SERIALISED
    if attr == "timestamp":
        return Use.EPOCH
    if attr == "astimezone":
        return Use.AWARE
    if attr == "replace" and isinstance(call, ast.Call):
        zones = [k.value for k in call.keywords if k.arg == "tzinfo"]
        if any(not (isinstance(zone, ast.Constant) and zone.value is None) for zone in zones):
            return Use.AWARE
        return use_of(call, file, depth)
    if attr == "date" and isinstance(call, ast.Call):
        return Use.COMPARED if use_of(call, file, depth) is Use.COMPARED else Use.SHOWN
    return Use.SHOWN if attr in _DISPLAY else Use.UNKNOWN


def _of_sum(node: ast.expr, sum_: ast.BinOp, file: SourceFile, depth: int) -> Use:
    other = sum_.right if node is sum_.left else sum_.left
    if isinstance(sum_.op, ast.Add) or (node is sum_.left and _is_length(other, file)):
        return use_of(sum_, file, depth)
    return Use.COMPARED if _is_utcnow(node) and _is_of_another(other) else Use.MEASURED


def _is_utcnow(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "utcnow"


def _is_of_another(node: ast.expr) -> bool:
    """Whether a time is read from another object, which may well have stored it with its zone."""
    if not isinstance(node, ast.Attribute):
        return False
    return not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})


def _is_length(node: ast.expr, file: SourceFile) -> bool:
    """Whether an expression is a `timedelta`."""
    name = file.qualified_name(node) or ""
    words = name.rsplit(".", 1)[-1].lower()
    text = file.source(node).lower()
    return "timedelta" in words or any(word in text for word in ("delta", "interval", "window"))


def _of_argument(call: ast.AST | None, file: SourceFile) -> Use:
    if not isinstance(call, ast.Call):
        return Use.UNKNOWN
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    if name == "str" and _is_given_to_class(call, file):
        return Use.SERIALISED
    if _LOGGING.match(name) or any(
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and _LOGGING.match(parent.func.attr)
        for parent in file.ancestors(call)
        if not isinstance(parent, ast.stmt)
    ):
        return Use.SHOWN
    return Use.STORED if name[:1].isupper() or name in _STORES else Use.GIVEN


def _is_given_to_class(text: ast.Call, file: SourceFile) -> bool:
    """Whether a text of the datetime becomes a field of a new object: `Alert(received=str(at))`."""
    keyword = file.parent(text)
    call = file.parent(keyword) if isinstance(keyword, ast.keyword) else None
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name[:1].isupper() and not name.endswith(("Error", "Exception"))


def _of_assignment(
    node: ast.Assign | ast.AnnAssign | ast.NamedExpr, file: SourceFile, depth: int
) -> Use:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    match target:
        case ast.Name(id=name) if depth > 0:
            uses = (u for u in _uses(name, node, file) if _may_be(u, node, file))
            return max((use_of(u, file, depth - 1) for u in uses), default=Use.UNKNOWN)
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return Use.UNKNOWN
        case ast.Attribute() | ast.Subscript(slice=ast.Constant(value=str())):
            return Use.STORED
        case _:
            return Use.UNKNOWN


def _uses(name: str, node: ast.AST, file: SourceFile) -> Iterator[ast.Name]:
    """Where a variable of the same function is read."""
    scope = file.scopes.of(node)
    names = file.memo("names by id", lambda: _by_id(file))
    for use in names.get(name, ()):
        inner = file.scopes.of(use)
        if inner is scope or file.enclosing_function(use) is scope:
            yield use


def _may_be(use: ast.Name, node: ast.AST, file: SourceFile) -> bool:
    """Whether a variable can still have the value of this assignment at one of its uses."""
    later = (
        file.statement(binding.value)
        for binding in file.names.reaching(use)
        if binding.value is not None and binding.value.lineno > getattr(node, "lineno", 0)
    )
    return not any(
        statement not in {file.statement(node), file.statement(use)}
        and file.parent(statement) is file.parent(node)
        for statement in later
    )


def _by_id(file: SourceFile) -> dict[str, list[ast.Name]]:
    found: dict[str, list[ast.Name]] = {}
    for name in file.of(ast.Name):
        if isinstance(name.ctx, ast.Load):
            found.setdefault(name.id, []).append(name)
    return found
