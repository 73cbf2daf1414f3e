"""SQL119."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.sql.queries import Query, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_MAKERS = {
    f"datetime.{name}"
    for name in (
        "datetime.now", "datetime.utcnow", "datetime.today", "datetime.fromtimestamp",
        "datetime.fromisoformat", "datetime.strptime", "date.today", "date.fromisoformat",
        "datetime.combine", "datetime.utcfromtimestamp",
    )
}  # fmt: skip
_CLASSES = {"datetime.datetime", "datetime.date"}


@rule("SQL119", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def datetime_default_adapter(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A `datetime` bound as a parameter goes through an adapter that Python 3.12 deprecates.

    The default adapter writes a text without saying which, and reading it back gives a `str`;
    aware and naive times then do not compare. Bind `value.isoformat()` (or a timestamp), or
    register an adapter of your own.

    ```python
    import sqlite3
    from datetime import UTC, datetime


    def save(conn: sqlite3.Connection, title: str) -> None:
        conn.execute("UPDATE articles SET at = ?", (datetime.now(UTC),))  # finding
        conn.commit()
    ```

    ```python fixed
    import sqlite3
    from datetime import UTC, datetime


    def save(conn: sqlite3.Connection, title: str) -> None:
        conn.execute("UPDATE articles SET at = ?", (datetime.now(UTC).isoformat(),))
        conn.commit()
    ```

    Text, a timestamp, or an adapter of one's own:

    ```python
    import sqlite3
    from datetime import UTC, datetime


    def save(conn: sqlite3.Connection, title: str) -> None:
        now = datetime.now(UTC)
        conn.execute("UPDATE articles SET at = ?", (now.isoformat(),))
        conn.execute("UPDATE articles SET at = ?", (now.timestamp(),))
    ```

    ```python
    import sqlite3
    from datetime import UTC, datetime

    sqlite3.register_adapter(datetime, datetime.isoformat)


    def save(conn: sqlite3.Connection, title: str) -> None:
        conn.execute("UPDATE articles SET at = ?", (datetime.now(UTC),))
    ```
    """
    if "datetime" not in file.text:
        return
    adapted = file.project is not None and "adapter" in file.project.pragmas()
    for query in queries(file):
        if query.driver != "sqlite" or adapted or len(query.call.args) < 2:
            continue
        for value in _bound(query):
            if _is_time(value, file):
                yield Problem(
                    value,
                    f"`{file.source(value)}` is bound by the default adapter for `datetime`,"
                    " deprecated since Python 3.12. Bind `.isoformat()` instead.",
                    fix=_isoformat(value, file),
                )


def _bound(query: Query) -> list[ast.expr]:
    match query.call.args[1]:
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            return elts
        case ast.Dict(values=values):
            return values
        case _:
            return []


def _is_time(value: ast.expr, file: SourceFile) -> bool:
    match value:
        case ast.Call(func=func):
            return file.qualified_name(func) in _MAKERS or (
                isinstance(func, ast.Attribute)
                and func.attr in {"replace", "astimezone"}
                and _is_time(func.value, file)
            )
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub()):
            return _is_time(left, file)
        case ast.Name():
            bindings = file.names.reaching(value)
            if bindings and all(b.kind == "argument" and b.annotation for b in bindings):
                return file.annotation(bindings[-1].annotation) in _CLASSES
            values = file.values(value)
            return bool(values) and all(_is_time(found, file) for found in values)
        case _:
            return False


def _isoformat(value: ast.expr, file: SourceFile) -> Fix | None:
    from rules.core import fixes

    if isinstance(value, ast.BinOp):
        return None
    if isinstance(value, ast.Name) and _may_be_none(value, file):
        return None
    return fixes.expression(f"{file.source(value)}.isoformat()")


def _may_be_none(name: ast.Name, file: SourceFile) -> bool:
    return any(
        binding.annotation is not None and "None" in file.source(binding.annotation)
        for binding in file.names.reaching(name)
    )
