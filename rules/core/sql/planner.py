"""A real SQLite in memory that plans statements against a schema and runs none of them.

It has no file, cannot attach or load anything, and holds no rows: an authorizer allows the
definitions while they are loaded and only reading and writing of tables while a plan is made.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_LOADING = frozenset({
    sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_READ, sqlite3.SQLITE_REINDEX, sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_DROP_INDEX, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_DROP_TABLE,
})  # fmt: skip
_PLANNING = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE,
})  # fmt: skip
_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 50_000,
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_COLUMN: 300,
}
_STEPS = 1_000
_MAX_STEPS = 200
_STUBS = 6
_FUNCTION = re.compile(r"no such function: (\w+)")
_MISSING_BINDINGS = re.compile(r"statement uses (\d+)")


def tried(number: int) -> str:
    """The name of an index while it is tried."""
    return f"tried_index_{number}"


class PlanError(Exception):
    """SQLite refuses a statement; the message is its own."""


class Planner:
    """The tables of some definitions, empty, and the plans of statements on them.

    Definitions that SQLite refuses are left out and kept in `refused` with the reason.
    """

    def __init__(self, definitions: Iterable[str]) -> None:
        self.refused: list[tuple[str, str]] = []
        self._steps = 0
        self._allowed = _LOADING
        self._database = sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)
        self._database.execute("PRAGMA automatic_index = OFF")
        for limit, value in _LIMITS.items():
            self._database.setlimit(limit, value)
        self._database.set_authorizer(self._authorize)
        self._database.set_progress_handler(self._tick, _STEPS)
        for definition in definitions:
            self._load(definition)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def plan(self, sql: str) -> tuple[str, ...]:
        """The lines of `EXPLAIN QUERY PLAN`, as `SEARCH t USING INDEX i (c=?)`. Raises PlanError.

        Functions that SQLite does not have are taken as given: they change no plan.
        """
        self._allowed = _PLANNING
        for _ in range(_STUBS):
            try:
                return self._explain(sql)
            except sqlite3.Error as error:
                unknown = _FUNCTION.search(str(error))
                if unknown is None:
                    raise PlanError(str(error)) from error
                self._database.create_function(unknown[1], -1, _nothing)
        raise PlanError("too many unknown functions")

    def columns(self, table: str) -> list[tuple[str, str, bool]]:
        """Name, type and whether it is part of the primary key, of each column of a table."""
        quoted = table.replace('"', '""')
        self._database.set_authorizer(None)
        try:
            rows = self._database.execute(f'PRAGMA table_xinfo("{quoted}")').fetchall()
        finally:
            self._database.set_authorizer(self._authorize)
        return [(row[1], row[2], bool(row[5])) for row in rows]

    @contextmanager
    def with_indexes(self, wanted: Iterable[tuple[str, Iterable[str]]]) -> Generator[None]:
        """Plan as if there were these indexes, too: table and columns, `c DESC` for one downwards.

        They are named by `tried` in their order. Raises PlanError when one cannot be made.
        """
        made: list[str] = []
        try:
            for table, columns in wanted:
                listed = ", ".join(_indexed(column) for column in columns)
                name = tried(len(made))
                self._run(f"CREATE INDEX {name} ON {quoted(table)} ({listed})")
                made.append(name)
            yield
        finally:
            for name in made:
                self._run(f"DROP INDEX {name}")

    def _explain(self, sql: str) -> tuple[str, ...]:
        self._steps = 0
        statement = f"EXPLAIN QUERY PLAN {sql}"
        try:
            rows = self._database.execute(statement).fetchall()
        except sqlite3.ProgrammingError as error:
            needed = _MISSING_BINDINGS.search(str(error))
            if needed is None:
                raise
            rows = self._database.execute(statement, (None,) * int(needed[1])).fetchall()
        return tuple(row[3] for row in rows)

    def _run(self, sql: str) -> None:
        self._allowed, self._steps = _LOADING, 0
        try:
            self._database.execute(sql)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise PlanError(str(error)) from error

    def _load(self, definition: str) -> None:
        try:
            self._run(definition)
        except PlanError as error:
            self.refused.append((definition, str(error)))

    def _authorize(self, action: int, *_: str | None) -> int:
        return sqlite3.SQLITE_OK if action in self._allowed else sqlite3.SQLITE_DENY

    def _tick(self) -> int:
        self._steps += 1
        return int(self._steps > _MAX_STEPS)


def quoted(name: str) -> str:
    """A name as SQL writes it when it may hold anything."""
    return '"' + name.replace('"', '""') + '"'


def _indexed(column: str) -> str:
    plain = column.removesuffix(" DESC")
    return quoted(plain) + column.removeprefix(plain)


def _nothing(*_: object) -> None:
    return None
