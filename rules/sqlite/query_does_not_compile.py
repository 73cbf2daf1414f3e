"""SQL115: a statement that SQLite refuses against the project's own schema."""

from __future__ import annotations

import ast
import difflib
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.core.schema.tables import schema_of
from rules.core.sql.index_advice import planner_of
from rules.core.sql.planner import PlanError
from rules.core.sql.queries import queries
from rules.core.sql.raw_statements import raw_statement
from rules.core.sql.reading import tables_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.schema.tables import Schema, Table
    from rules.core.source import SourceFile
    from rules.core.sql.rendering import Rendered

_FILE = re.compile(r"""\.(db|sqlite3?)["']""")
_ROOTS = frozenset({
    "src", "web", "frontend", "client", "ui", "server", "apps", "packages", "dashboard", "prisma",
})  # fmt: skip
_NO_TABLE = re.compile(r"no such table: (?:main\.)?(.+)")
_NO_COLUMN = re.compile(r"(?:no such column: (.+)|table (\w+) has no column named (\w+))")
_COUNTS = re.compile(r"has \d+ columns? but \d+ values? w|\d+ values for \d+ columns")
_SYNTAX = re.compile(r"near \"(.*)\": syntax error|incomplete input")
_LIKENESS = 0.75


@rule(
    "SQL115",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
    across=True,
)
def query_does_not_compile(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A statement names a table or column that the schema does not have, or is no SQL.

    It fails each time it runs, and nothing says so before. The statement is compiled by an
    SQLite in memory against the schema that the project itself defines.

    ```python
    import sqlite3

    SCHEMA = "CREATE TABLE trades (id INTEGER PRIMARY KEY, market_id TEXT, size REAL)"


    def size_of(db: sqlite3.Connection, trade: int) -> tuple[float] | None:
        return db.execute(  # finding
            "SELECT sise FROM trades WHERE id = ?", (trade,)
        ).fetchone()


    def add(db: sqlite3.Connection, market: str, size: float) -> None:
        db.execute("INSERT INTO trades VALUES (?, ?)", (market, size))  # finding
        db.commit()
    ```

    A column that a later statement adds is there, and a computed statement can add any:

    ```python
    import sqlite3

    SCHEMA = '''
        CREATE TABLE trades (id INTEGER PRIMARY KEY, market_id TEXT);
        ALTER TABLE trades ADD COLUMN size REAL;
        CREATE TABLE notes (id INTEGER PRIMARY KEY);
    '''


    def widen(db: sqlite3.Connection, name: str) -> None:
        db.execute(f"ALTER TABLE notes ADD COLUMN {name} TEXT")


    def size_of(db: sqlite3.Connection, trade: int) -> tuple[float] | None:
        return db.execute("SELECT size FROM trades WHERE id = ?", (trade,)).fetchone()


    def bodies(db: sqlite3.Connection) -> list[tuple[str]]:
        return db.execute("SELECT body FROM notes").fetchall()
    ```
    """
    if file.project is None:
        return
    schema = schema_of(file.project)
    if not schema.scripts.names:
        return
    for query in queries(file):
        if query.driver != "sqlite" or query.text is None:
            continue
        statement = raw_statement(query, schema, file.path)
        if statement is None or not all(_is_known(table) for table in statement.tables):
            continue
        if _is_of_another_database(query.call, statement.tables, file):
            continue
        if any(_is_of_other_code(table, file.path) for table in statement.tables):
            continue
        try:
            planner_of(file.project, statement.tables).plan(statement.sql)
        except PlanError as error:
            if query.text.holes and not _is_about_a_name(str(error)):
                continue  # What is computed may be a table, a condition or many values.
            message = _message(str(error), statement, schema, file)
            if message is not None:
                yield Problem(query.call, message, trace=tuple(_trace(statement.tables)))


def _is_about_a_name(error: str) -> bool:
    return bool(_NO_TABLE.match(error) or _NO_COLUMN.match(error))


def _is_of_another_database(call: ast.Call, tables: tuple[Table, ...], file: SourceFile) -> bool:
    """Whether the function opens a file by its name, and other files define the tables.

    Several databases of one project may have a table of the same name.
    """
    function = file.enclosing_function(call)
    if function is None or any(table.path == file.path for table in tables):
        return False
    source = file.source(function)
    return "connect(" in source and _FILE.search(source) is not None


def _is_of_other_code(table: Table, path: str) -> bool:
    """Whether a program in another language owns the table, which may alter it there.

    `src/lib/schema.sql` next to `training/load.py`: what is not Python has a folder of its own.
    """
    root, _, rest = table.path.partition("/")
    return (
        table.path.endswith(".sql")
        and bool(rest)
        and root in _ROOTS
        and path.split("/", maxsplit=1)[0] != root
    )


def _is_known(table: Table) -> bool:
    return table.whole and not table.class_


def _message(error: str, statement: Rendered, schema: Schema, file: SourceFile) -> str | None:
    """What to say; None when the schema of the project may not be all there is."""
    path = file.path
    if schema.scripts.computed:
        return None
    if (found := _NO_TABLE.match(error)) is not None:
        return _about_table(found[1], schema, path) if not _is_meant(found[1], file) else None
    if any(not _is_complete(name, statement, schema) for name in tables_in(statement.sql)):
        return None
    if (found := _NO_COLUMN.match(error)) is not None:
        return _about_column(found[1] or found[3], statement.tables)
    if _COUNTS.search(error):
        return f"This statement fails each time: {error}."
    if (found := _SYNTAX.match(error)) is not None and "{" not in statement.sql:
        return f"This is no SQL that SQLite reads: {error}."
    return None


def _is_complete(name: str, statement: Rendered, schema: Schema) -> bool:
    """Whether a name that may be a table is one of those known, or no table at all."""
    known = {table.name for table in statement.tables}
    return name in known or not schema.scripts.is_defined(name)


def _is_meant(name: str, file: SourceFile) -> bool:
    """Whether several statements name the table: then it is no slip, and made somewhere else."""
    used = re.findall(rf"\b(?:from|join|into|update)\s+{re.escape(name.lower())}\b", file.lowered)
    return len(used) > 1


def _about_table(name: str, schema: Schema, path: str) -> str | None:
    if schema.scripts.is_defined(name):
        return None
    near = difflib.get_close_matches(name.lower(), schema.scripts.names, 1, _LIKENESS)
    if not near or not schema.scripts.is_defined_in(path):
        return None
    return f"There is no table `{name}` in the project's schema; the nearest name is `{near[0]}`."


def _about_column(name: str, tables: tuple[Table, ...]) -> str:
    bare = name.rsplit(".", 1)[-1].strip('"')
    columns = {column.name: table.label for table in tables for column in table.columns.values()}
    where = ", ".join(f"`{table.label}`" for table in tables)
    near = difflib.get_close_matches(bare.lower(), list(columns), 1, 0.6)
    hint = f"; the nearest is `{columns[near[0]]}.{near[0]}`" if near else ""
    return f"No column `{bare}` in {where}{hint}: this statement fails each time it runs."


def _trace(tables: tuple[Table, ...]) -> Iterator[Step]:
    for table in tables:
        yield Step(table.path, table.line, f"`{table.label}` is defined here")
