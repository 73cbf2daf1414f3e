"""SQL101: a query that reads a whole table because an index is missing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.chains import statements
from rules.core.index_advice import Advice, advice
from rules.core.queries import queries
from rules.core.raw_statements import raw_statement
from rules.core.rendering import render
from rules.core.rule import Confidence, FileKind, Problem, Severity, Step, rule
from rules.core.schema import Schema, schema_of
from rules.sqlite.asked_columns import Asked, asked_columns
from rules.sqlite.index_fix import with_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "SQL101",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
)
def missing_index(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A query reads a whole table because no index begins with the column it asks for.

    The query gets slower with every row, and holds its lock or its connection as long. The
    schema of the project is rebuilt in an SQLite in memory and the query is planned there:
    an index is proposed only if it turns the scan of the table into a search.

    ```python
    import sqlite3

    SCHEMA = "CREATE TABLE trades (id INTEGER PRIMARY KEY, market_id TEXT, size REAL)"


    def trades_of(db: sqlite3.Connection, market: str) -> list[tuple[float]]:
        return db.execute(  # finding
            "SELECT size FROM trades WHERE market_id = ?", (market,)
        ).fetchall()
    ```

    Where the model stands in the same file, its column is what to change:

    ```python
    from sqlalchemy import select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


    class Base(DeclarativeBase):
        pass


    class Trade(Base):
        __tablename__ = "trades"

        id: Mapped[int] = mapped_column(primary_key=True)
        market_id: Mapped[str] = mapped_column()  # finding


    def trades_of(session: Session, market: str) -> list[Trade]:
        return list(session.scalars(select(Trade).where(Trade.market_id == market)))
    ```

    ```python fixed
    from sqlalchemy import select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


    class Base(DeclarativeBase):
        pass


    class Trade(Base):
        __tablename__ = "trades"

        id: Mapped[int] = mapped_column(primary_key=True)
        market_id: Mapped[str] = mapped_column(index=True)


    def trades_of(session: Session, market: str) -> list[Trade]:
        return list(session.scalars(select(Trade).where(Trade.market_id == market)))
    ```

    A key, a unique constraint or an index makes the query a search:

    ```python
    import sqlite3

    SCHEMA = '''
        CREATE TABLE trades (id INTEGER PRIMARY KEY, market_id TEXT, size REAL);
        CREATE INDEX trades_by_market ON trades (market_id);
    '''


    def trades_of(db: sqlite3.Connection, market: str) -> list[tuple[float]]:
        return db.execute(
            "SELECT size FROM trades WHERE market_id = ?", (market,)
        ).fetchall()
    ```

    A column with a few values does not tell rows apart, and small tables need no index:

    ```python
    import sqlite3

    SCHEMA = '''
        CREATE TABLE trades (id INTEGER PRIMARY KEY, status TEXT, size REAL);
        CREATE TABLE settings (name TEXT, value TEXT);
    '''


    def open_trades(db: sqlite3.Connection) -> list[tuple[float]]:
        return db.execute("SELECT size FROM trades WHERE status = 'open'").fetchall()


    def setting(db: sqlite3.Connection, name: str) -> tuple[str] | None:
        return db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    ```
    """
    if file.project is None:
        return
    schema = schema_of(file.project)
    yield from _at_columns(file, schema)
    yield from _at_queries(file, schema)


def _at_queries(file: SourceFile, schema: Schema) -> Iterator[Problem]:
    """Queries of this file on tables that other files, or SQL texts, define: the first of each."""
    told: set[tuple[str, str]] = set()
    for node, found, confidence in _advised(file, schema):
        if (key := (found.table.label, found.column)) not in told:
            told.add(key)
            yield _problem(node, found, confidence)


def _advised(file: SourceFile, schema: Schema) -> Iterator[tuple[ast.AST, Advice, Confidence]]:
    if file.project is None:
        return
    for statement in statements(file):
        rendered = render(statement.facts, schema, file.module)
        found = advice(file.project, rendered) if rendered is not None else None
        if found is not None and found.table.path != file.path:
            yield statement.node, found, Confidence.MEDIUM
    for query in queries(file):
        rendered = raw_statement(query, schema, file.path) if query.text is not None else None
        if rendered is not None and (found := advice(file.project, rendered)) is not None:
            is_sqlite = query.driver == "sqlite"
            yield query.call, found, Confidence.HIGH if is_sqlite else Confidence.MEDIUM


def _problem(node: ast.AST, found: Advice, confidence: Confidence) -> Problem:
    message = f"{_reason(found)} Add {_remedy(found)}."
    return Problem(node, message, confidence=confidence, trace=tuple(_trace(found)))


def _reason(found: Advice) -> str:
    table, column = found.table.label, found.column
    if found.use == "order":
        return f"To give a few rows this sorts all of `{table}`: no index is in the order of `{column}`."
    verb = "compares" if found.use == "equality" else "takes a range of"
    return f"This {verb} `{column}`, which has no index, and so reads all of `{table}`."


def _remedy(found: Advice) -> str:
    known = found.table.columns.values()
    attribute = next(column.attribute for column in known if column.name == found.column)
    if found.table.class_:
        return f"`index=True` to `{found.table.class_.rsplit('.', 1)[-1]}.{attribute}`"
    return f"`{found.index}`"


def _trace(found: Advice) -> Iterator[Step]:
    table = found.table
    line = next(column.line for column in table.columns.values() if column.name == found.column)
    yield Step(table.path, line, f"Plan now: `{'; '.join(found.before)}`")
    yield Step(table.path, line, f"With `{found.index}`: `{'; '.join(found.after)}`")


def _at_columns(file: SourceFile, schema: Schema) -> Iterator[Problem]:
    """Columns of this file's models that some query of the project asks for without an index."""
    found = asked_columns(file, schema)
    for node, asked in found:
        yield Problem(
            node,
            _message(asked),
            fix=with_index(node),
            confidence=Confidence.MEDIUM,
            trace=(*asked.steps, *_trace(asked.advice)),
        )


def _message(asked: Asked) -> str:
    found = asked.advice
    who = f"`{asked.where}`" + (f" and {asked.count - 1} more" if asked.count > 1 else "")
    use = {"equality": "compare", "range": "take a range of", "order": "sort by"}[found.use]
    verb = use if asked.count > 1 else use.replace(" ", "s ", 1) if " " in use else f"{use}s"
    return (
        f"{who} {verb} `{found.column}`, which has no index: all of `{found.table.label}` is read. "
        "Add `index=True` and a migration."
    )
