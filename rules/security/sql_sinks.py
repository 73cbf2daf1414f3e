"""The SQL that reaches a database call, and where to report what is wrong with it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.sql.queries import is_text
from rules.security.sql_texts import Hole, holes_of
from rules.tables.sinks import SQL_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.flow.sinks import Sink
    from rules.core.source import SourceFile

_PREFIX = {"order_by": "SELECT x FROM x ORDER BY ", "group_by": "SELECT x FROM x GROUP BY "}


def holes_in(file: SourceFile, sink: Sink) -> list[Hole]:
    """The holes of the SQL text that reaches a call; computed once for all rules."""
    return file.memo(f"sql:{id(sink)}", lambda: _holes(file, sink))


def _holes(file: SourceFile, sink: Sink) -> list[Hole]:
    name = file.qualified_name(sink.call.func)
    if sink.callee in {"text", "literal_column", "DDL"}:
        if name != "text" and not (name or "").startswith("sqlalchemy."):
            return []
        return holes_of(file, sink.value) or _fragment(file, sink)
    if name is not None and name.split(".")[0] in {"redis", "subprocess", "logging"}:
        return []
    if _is_text_call(file, sink.value):
        return []
    return holes_of(file, sink.value)


def _fragment(file: SourceFile, sink: Sink) -> list[Hole]:
    """`order_by(text(x))` and `where(text(f"..."))`: parts of a statement that is built elsewhere."""
    parent = file.parent(sink.call)
    if not isinstance(parent, ast.Call) or not isinstance(parent.func, ast.Attribute):
        return []
    prefix = _PREFIX.get(parent.func.attr)
    if prefix is None and parent.func.attr in {"where", "filter", "having", "and_", "or_"}:
        prefix = "SELECT x FROM x WHERE "
    return holes_of(file, sink.value, prefix=prefix) if prefix else []


def _is_text_call(file: SourceFile, value: ast.expr) -> bool:
    """Whether the value is `text(...)`, also through a name: that call is a place of its own."""
    if isinstance(value, ast.Name):
        value = file.value(value) or value
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return last == "DDL" or is_text(function, file)


def place_to_report(
    file: SourceFile, sink: Sink, holes: list[Hole]
) -> Iterator[tuple[ast.expr, list[Hole]]]:
    """The call for holes that are written in it; for others the text that they are written in."""
    call = outer_call(file, sink)
    inside = [hole for hole in holes if _contains(call, hole.node)]
    if inside:
        yield call, inside
    elsewhere: dict[ast.expr, list[Hole]] = {}
    for hole in holes:
        if hole not in inside:
            elsewhere.setdefault(hole.fragment, []).append(hole)
    yield from elsewhere.items()


def outer_call(file: SourceFile, sink: Sink) -> ast.Call:
    """The call that runs the SQL: `session.execute(text(...))` for the `text` in it."""
    parent = file.parent(sink.call)
    if (
        isinstance(parent, ast.Call)
        and parent.args[:1] == [sink.call]
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr in SQL_METHODS
    ):
        return parent
    return sink.call


def _contains(call: ast.Call, node: ast.expr) -> bool:
    start, end = (call.lineno, call.col_offset), (call.end_lineno or 0, call.end_col_offset or 0)
    return start <= (node.lineno, node.col_offset) < end
