"""SQL105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.schema.tables import schema_of
from rules.core.sql.queries import queries_in
from rules.sqlite.first_connect import first_connect, listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_OTHERS = {"psycopg", "psycopg2", "asyncpg", "pymysql", "MySQLdb", "aiomysql", "supabase"}


@rule(
    "SQL105",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def foreign_keys_off(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Foreign keys that the schema declares and no connection turns on are not checked.

    SQLite ignores `REFERENCES` until `PRAGMA foreign_keys=ON` is run on each connection: rows
    that point to nothing are accepted, `ON DELETE CASCADE` deletes nothing. Reported at the first
    place of the project that connects.

    ```python
    import sqlite3

    SCHEMA = "CREATE TABLE articles (id INTEGER, author_id INTEGER REFERENCES authors(id))"


    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect("news.db")  # finding
        connection.executescript(SCHEMA)
        return connection
    ```

    Turned on, or not declared:

    ```python
    import sqlite3

    SCHEMA = "CREATE TABLE articles (id INTEGER, author_id INTEGER REFERENCES authors(id))"


    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect("news.db")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(SCHEMA)
        return connection
    ```
    """
    call = first_connect(file)
    if call is None or file.project is None or _only_reads(call, file):
        return
    database = file.project.database
    if "references" not in file.lowered and (
        _has_another_database(file.project) or _makes_its_own_tables(call, file)
    ):
        return  # The keys may be declared for another one only.
    if "references" in database.pragmas and not database.sets("foreign_keys"):
        yield Problem(
            call,
            "The schema declares foreign keys, but SQLite checks none of them until it is told to,"
            f" on each connection. {listener(call, 'foreign_keys=ON')}",
        )


def _makes_its_own_tables(call: ast.Call, file: SourceFile) -> bool:
    """Whether the file that opens the database says what is in it, and only models have keys."""
    if file.project is None or not schema_of(file.project).scripts.is_defined_in(file.path):
        return False
    definitions = schema_of(file.project).scripts.definitions().values()
    return "engine" not in file.source(call.func) and not any(
        "references" in text.lower() for texts in definitions for text in texts
    )


def _only_reads(call: ast.Call, file: SourceFile) -> bool:
    """Whether the function that connects reads and is done: only what is written is checked."""
    function = file.enclosing_function(call)
    asked = queries_in(file, function)
    if function is None or not asked or any(query.verb != "select" for query in asked):
        return False
    match file.parent(call):
        case ast.Assign(targets=[ast.Name(id=name)]):
            pass
        case ast.withitem(optional_vars=ast.Name(id=name)):
            pass
        case _:
            return False
    return all(
        isinstance(file.parent(node), ast.Attribute)
        for node in file.body(function)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    )


def _has_another_database(project: Project) -> bool:
    """Whether the project also speaks to a database that checks foreign keys by itself."""
    return any(
        found.target.partition(".")[0] in _OTHERS
        for module in project.modules.values()
        for found in module.imports
    )
