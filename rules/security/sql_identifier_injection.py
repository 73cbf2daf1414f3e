"""SEC102."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.flow.sinks import sinks
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.sql_sinks import holes_in, place_to_report
from rules.security.sql_values import is_safe, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.security.sql_texts import Hole

_PIECE = re.compile(
    r"(query|sql|clause|where|stmt|statement|condition|filter|cte|values|assign|join|prefix|suffix|select|expr)",
    re.IGNORECASE,
)
"""Names of pieces of SQL, which are neither tables nor columns."""
_SAYS_SO = re.compile(r"(column|col$|cols$|table|field|schema|group_by)", re.IGNORECASE)
"""Names by which a parameter tells its callers that it is put into SQL as a name."""

_CHOSEN = re.compile(r"sort|order", re.IGNORECASE)
"""Names of what clients usually choose; another name mostly comes from the code around."""


@rule(
    "SEC102",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
    peers=("ruff:S608", "bandit:B608"),
)
def sql_identifier_injection(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A table, column or sort order is put into SQL without a check against a list of names.

    Names cannot be bound as parameters. When a client chooses one, it can name any column, call
    any function or continue the statement; look it up in the names that are allowed instead.

    ```python
    import sqlite3

    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/users")
    def users(sort: str, connection: sqlite3.Connection):
        sql = f"SELECT * FROM users ORDER BY {sort}"  # finding: critical
        return connection.execute(sql).fetchall()
    ```

    A function that is given the name by callers elsewhere is a warning, and one that never becomes
    a comment on a line unless the name is a sort order:

    ```python
    import sqlite3


    def clear(connection: sqlite3.Connection, kind: str):
        connection.execute(f"DELETE FROM {kind}")  # finding: warning
    ```

    A name from a fixed list is fine:

    ```python
    import sqlite3

    SORTABLE = {"name", "created_at"}


    def users(connection: sqlite3.Connection, sort: str):
        if sort not in SORTABLE:
            raise ValueError(sort)
        return connection.execute(f"SELECT * FROM users ORDER BY {sort}").fetchall()
    ```

    So are names that the file itself chooses:

    ```python
    import sqlite3

    COLUMNS = {"name": "TEXT", "age": "INTEGER"}


    def migrate(connection: sqlite3.Connection):
        for column, kind in COLUMNS.items():
            connection.execute(f"ALTER TABLE users ADD COLUMN {column} {kind}")
        for table in ("a", "b"):
            _drop(connection, table)


    def _drop(connection: sqlite3.Connection, table: str):
        connection.execute(f"DROP TABLE {table}")
    ```
    """
    for sink in sinks(file, "sql"):
        wrong = [hole for hole in holes_in(file, sink) if _is_wrong(file, hole)]
        for place, holes in place_to_report(file, sink, wrong):
            yield _problem(file, place, holes[0])


def _is_wrong(file: SourceFile, hole: Hole) -> bool:
    if hole.place != "identifier" or is_safe(file, hole.node):
        return False
    origin = flow_of(file).origin(hole.node, "sql")
    if origin is None:
        return False
    value = shown(file, hole.node)
    if not hole.binds and not origin.is_request:  # Who makes and drops tables names them.
        return False
    return origin.is_request or not (_PIECE.search(value) or _SAYS_SO.search(value))


def _problem(file: SourceFile, place: ast.expr, hole: Hole) -> Problem:
    origin = flow_of(file).origin(hole.node, "sql")
    value = shown(file, hole.node)
    assert origin is not None
    advice = "Names cannot be bound: look it up in a fixed set of allowed names first."
    if origin.is_request:
        return Problem(
            place,
            f"`{value}` names a table or column in this SQL and comes from {origin.label()}. {advice}",
            severity=Severity.CRITICAL,
            confidence=origin.confidence,
            trace=origin.trace,
        )
    where = "another service" if origin.kind == "api" else f"the callers of `{origin.place}`"
    return Problem(
        place,
        f"`{value}` names a table or column in this SQL and is chosen by {where}. {advice}",
        confidence=Confidence.MEDIUM if _CHOSEN.search(value) else Confidence.LOW,
        trace=origin.trace,
    )
