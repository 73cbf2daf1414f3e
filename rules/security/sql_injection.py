"""SEC101."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow.across_files import deliveries
from rules.core.flow.sinks import Sink, sinks
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.bound_parameters import bound
from rules.security.sql_sinks import holes_in, place_to_report
from rules.security.sql_values import is_safe, severity_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.flow.origins import Origin
    from rules.core.source import SourceFile
    from rules.security.sql_texts import Hole


@rule(
    "SEC101",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.MIGRATION),
    peers=("ruff:S608", "bandit:B608", "codeql:py/sql-injection"),
)
def sql_injection(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A value is pasted into an SQL text instead of being bound to it.

    A quote in the value ends the text and what follows is run as SQL: whoever chooses the value
    reads, changes or drops every table. Bound parameters are never parsed as SQL.

    ```python
    cursor.execute(f"SELECT * FROM users WHERE id = {user_id}")  # finding: critical
    ```

    ```python fixed
    cursor.execute("SELECT * FROM users WHERE id = ?", (user_id,))
    ```

    A text that was built earlier is followed to where it runs:

    ```python
    import sqlite3


    def find(connection: sqlite3.Connection, name: str, city: str | None):
        sql = "SELECT * FROM users WHERE name = '%s'" % name  # finding
        if city:
            sql += " AND city = '" + city + "'"  # finding
        return connection.execute(sql).fetchall()
    ```

    So is a text that a helper runs:

    ```python
    import sqlite3


    def run(connection: sqlite3.Connection, sql: str):
        return connection.execute(sql).fetchall()


    def find(connection: sqlite3.Connection, name: str):
        sql = "SELECT * FROM users WHERE name = '{}'".format(name)  # finding
        return run(connection, sql)
    ```

    Placeholders that are joined, with the values bound separately, are fine:

    ```python
    import sqlite3


    def find(connection: sqlite3.Connection, ids: list[str]):
        marks = ",".join("?" * len(ids))
        return connection.execute(
            f"SELECT * FROM users WHERE id IN ({marks})", ids
        ).fetchall()
    ```

    So are numbers, constants and names of tables from the module itself:

    ```python
    import sqlite3

    TABLE = "users"


    def find(connection: sqlite3.Connection, limit: int):
        return connection.execute(f"SELECT * FROM {TABLE} LIMIT {limit}").fetchall()
    ```
    """
    for sink in sinks(file, "sql"):
        wrong = [hole for hole in holes_in(file, sink) if _is_wrong(file, hole)]
        wrong = [hole for hole in wrong if not _is_doubtful(file, hole)]
        for place, holes in place_to_report(file, sink, wrong):
            yield _problem(file, sink, place, holes)
    for delivery in deliveries(file, "sql"):
        origin = delivery.origin
        yield Problem(
            delivery.call,
            f"`{delivery.callee}` makes {origin.label()} part of the SQL that {delivery.way.place} runs: a client"
            " can run SQL of its own. Bind it there as a parameter.",
            confidence=origin.confidence,
            trace=delivery.trace,
        )


def _is_wrong(file: SourceFile, hole: Hole) -> bool:
    if hole.place in {"placeholder", "identifier"} or is_safe(file, hole.node):
        return False
    if hole.place != "clause" and hole.binds:
        return True
    return flow_of(file).request_data(hole.node, "sql") is not None


def _is_doubtful(file: SourceFile, hole: Hole) -> bool:
    """Whether it is more likely a number, or a piece of SQL, than a text of somebody's choice."""
    origin = flow_of(file).origin(hole.node, "sql")
    return _judged(file, hole, origin)[1] is Confidence.LOW


def _problem(file: SourceFile, sink: Sink, place: ast.expr, holes: list[Hole]) -> Problem:
    judged = [(hole, flow_of(file).origin(hole.node, "sql")) for hole in holes]
    judged.sort(key=lambda pair: _judged(file, *pair)[0].rank)
    worst, origin = judged[0]
    severity, confidence = _judged(file, worst, origin)
    if file.kind is FileKind.SCRIPT and severity is Severity.CRITICAL and not _from_request(origin):
        severity, confidence = Severity.WARNING, Confidence.MEDIUM
    return Problem(
        place,
        _message(file, sink, worst, origin),
        fix=bound(file, sink, place),
        severity=severity,
        confidence=confidence,
        trace=origin.trace if origin is not None else (),
    )


def _judged(file: SourceFile, hole: Hole, origin: Origin | None) -> tuple[Severity, Confidence]:
    return severity_of(file, hole.node, origin, quoted=hole.place == "quoted")


def _from_request(origin: Origin | None) -> bool:
    return origin is not None and origin.is_request


def _message(file: SourceFile, sink: Sink, hole: Hole, origin: Origin | None) -> str:
    value = shown(file, hole.node)
    if origin is not None and origin.is_request:
        return (
            f"`{value}` becomes part of the SQL text and comes from {origin.label()}: a client can"
            f" run SQL of its own. Pass it to `{sink.callee}` as a bound parameter."
        )
    return (
        f"`{value}` becomes part of the SQL text that `{sink.callee}` runs; a quote in it changes"
        " the query. Pass it as a bound parameter."
    )
