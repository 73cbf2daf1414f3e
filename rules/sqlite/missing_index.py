"""SQL101: a query that reads a whole table because an index is missing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, Step, rule
from rules.core.schema.tables import Schema, schema_of
from rules.core.sql.chains import statements
from rules.core.sql.index_advice import Advice, advice, advice_on_query
from rules.core.sql.queries import queries
from rules.core.sql.raw_statements import raw_statement
from rules.sqlite.asked_columns import Asked, asked_columns
from rules.sqlite.foreign_keys import ForeignKey, foreign_keys
from rules.sqlite.index_fix import with_index, with_indexes, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.sql.index_candidates import Index


@rule(
    "SQL101",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
    across=True,
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

    Where a few rows in an order are wanted of those with one value, one index on both columns
    finds them without sorting the rest:

    ```python
    from datetime import datetime

    from sqlalchemy import Index, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


    class Base(DeclarativeBase):
        pass


    class Trade(Base):
        __tablename__ = "trades"  # finding: suggestion

        id: Mapped[int] = mapped_column(primary_key=True)
        market_id: Mapped[str] = mapped_column(index=True)
        traded_at: Mapped[datetime]


    def last_trades(session: Session, market: str) -> list[Trade]:
        query = select(Trade).where(Trade.market_id == market)
        return list(session.scalars(query.order_by(Trade.traded_at.desc()).limit(20)))
    ```

    ```python fixed
    from datetime import datetime

    from sqlalchemy import Index, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


    class Base(DeclarativeBase):
        pass


    class Trade(Base):
        __tablename__ = "trades"
        __table_args__ = (Index("ix_trades_market_id_traded_at", "market_id", "traded_at"),)

        id: Mapped[int] = mapped_column(primary_key=True)
        market_id: Mapped[str] = mapped_column(index=True)
        traded_at: Mapped[datetime]


    def last_trades(session: Session, market: str) -> list[Trade]:
        query = select(Trade).where(Trade.market_id == market)
        return list(session.scalars(query.order_by(Trade.traded_at.desc()).limit(20)))
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
    told: set[str] = set()
    for node, found, confidence in _advised(file, schema):
        made = {index.sql for index in found.indexes}
        if not made <= told:
            told |= made
            yield _problem(node, found, confidence)


def _advised(file: SourceFile, schema: Schema) -> Iterator[tuple[ast.AST, Advice, Confidence]]:
    if file.project is None:
        return
    for statement in statements(file):
        found = advice_on_query(file.project, statement.facts, schema, file.module)
        if found is not None and found.table.path != file.path:
            yield statement.node, found, Confidence.MEDIUM
    for query in queries(file):
        rendered = raw_statement(query, schema, file.path) if query.text is not None else None
        if rendered is not None and (found := advice(file.project, rendered)) is not None:
            is_sqlite = query.driver == "sqlite"
            yield query.call, found, Confidence.HIGH if is_sqlite else Confidence.MEDIUM


def _problem(node: ast.AST, found: Advice, confidence: Confidence) -> Problem:
    remedies = " and ".join(_remedy(index) for index in found.indexes)
    return Problem(
        node,
        f"{_reason(found)} Add {remedies}.",
        severity=_severity(found),
        confidence=confidence,
        trace=tuple(_trace(found, found.indexes[0])),
    )


def _severity(found: Advice) -> Severity | None:
    """Rows that are found by an index and only sorted each time matter less."""
    is_read_whole = any(line.startswith("SCAN") for line in found.before)
    return None if is_read_whole else Severity.SUGGESTION


def _reason(found: Advice) -> str:
    table, column = found.table.label, found.columns[0]
    *before, last = found.columns
    if len(found.indexes) > 1:
        return _reason_of_two(found)
    match found.use:
        case "order":
            return f"To give a few rows this sorts all of `{table}`: no index is in the order of `{column}`."
        case "sort":
            return (
                f"To give a few rows this sorts all those of `{table}` with the same {_listed(before)}:"
                f" no index holds them in the order of `{last}`."
            )
        case "range":
            verb = "takes a range of"
        case "equality":
            verb = "compares"
    return f"This {verb} `{column}`, which has no index, and so reads all of `{table}`."


def _reason_of_two(found: Advice) -> str:
    columns = [f"{index.table.label}.{index.names[0]}" for index in found.indexes]
    tables = list(dict.fromkeys(index.table.label for index in found.indexes))
    return (
        f"This compares {_listed(columns)}, which have no index, and so reads all of"
        f" {_listed(tables)}."
    )


def _listed(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _remedy(index: Index) -> str:
    table = index.table
    if not table.class_:
        return f"`{index.sql}`"
    class_ = table.class_.rsplit(".", 1)[-1]
    if len(index.columns) > 1:
        return f"`{written(index)}` to the `__table_args__` of `{class_}`"
    attribute = next(c.attribute for c in table.columns.values() if c.name == index.names[0])
    return f"`index=True` to `{class_}.{attribute}`"


def _trace(found: Advice, index: Index) -> Iterator[Step]:
    """Both plans, told of the line on which this index is to be declared."""
    table = index.table
    line = next(c.line for c in table.columns.values() if c.name == index.names[0])
    if table.class_ and len(index.columns) > 1:
        line = table.options
    made = "; ".join(one.sql for one in found.indexes)
    yield Step(table.path, line, f"Plan now: `{'; '.join(found.before)}`")
    yield Step(table.path, line, f"With `{made}`: `{'; '.join(found.after)}`")


def _at_columns(file: SourceFile, schema: Schema) -> Iterator[Problem]:
    """Columns of this file's models that some query, or a deletion, asks for without an index."""
    told: set[ast.stmt] = set()
    for node, asked in asked_columns(file, schema):
        told.add(node)
        alone = len(asked.index.columns) == 1
        yield Problem(
            node,
            _message(asked),
            fix=with_index(node) if alone else with_indexes(node, asked.index, file),
            severity=_severity(asked.advice),
            confidence=Confidence.MEDIUM,
            trace=(*asked.steps, *_trace(asked.advice, asked.index)),
        )
    for key in foreign_keys(file, schema):
        if key.node not in told:
            yield _of_key(key)


def _of_key(key: ForeignKey) -> Problem:
    """A deletion reads the whole table; where none is expected, joins still do."""
    table = key.advice.table.label
    return Problem(
        key.node,
        f"The foreign key `{key.column.name}` has no index: each deletion in `{key.parent}`, and each"
        f" look-up of the rows that belong to one of its rows, reads all of `{table}`."
        " Add `index=True` and a migration.",
        fix=with_index(key.node),
        severity=None if key.follows_deletion else Severity.SUGGESTION,
        confidence=Confidence.MEDIUM,
        trace=tuple(_trace(key.advice, key.advice.indexes[0])),
    )


def _message(asked: Asked) -> str:
    found, index = asked.advice, asked.index
    who = f"`{asked.where}`" + (f" and {asked.count - 1} more" if asked.count > 1 else "")
    many = asked.count > 1
    if found.use == "sort":
        *before, last = index.names
        return (
            f"{who} {'take' if many else 'takes'} the first by `{last}` of those with the same"
            f" {_listed(before)}, and no index holds both: all of them are read and sorted."
            f" Add `{written(index)}` to `__table_args__` and a migration."
        )
    use = {"range": "take a range of", "order": "sort by"}.get(found.use, "compare")
    verb = use if many else use.replace(" ", "s ", 1) if " " in use else f"{use}s"
    remedy = "`index=True`" if len(index.columns) == 1 else f"`{written(index)}`"
    return (
        f"{who} {verb} `{index.names[0]}`, which has no index: all of `{index.table.label}` is read."
        f" Add {remedy} and a migration."
    )
