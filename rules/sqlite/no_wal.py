"""SQL103."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.sqlite.first_connect import first_connect, is_shared, listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "SQL103",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def no_wal(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A SQLite database of a service without write-ahead log: readers and writers block each other.

    In the default journal mode a reader stops every writer and a writer every reader, so requests
    that overlap meet "database is locked". `PRAGMA journal_mode=WAL` once is enough: the file
    remembers it. Reported at the first place of the project that connects, when nothing in the
    project sets a journal mode.

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    def connect() -> sqlite3.Connection:
        return sqlite3.connect("news.db")  # finding


    @app.get("/count")
    def count() -> int:
        return 1
    ```

    Set anywhere in the project, a database in memory, and a program with one user:

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect("news.db")
        connection.execute("PRAGMA journal_mode=WAL")
        return connection


    @app.get("/count")
    def count() -> int:
        return 1
    ```

    ```python
    import sqlite3

    connection = sqlite3.connect("notes.db")
    ```
    """
    call = first_connect(file)
    if call is None or file.project is None or not is_shared(call, file):
        return
    if not file.project.database.sets("journal_mode"):
        yield Problem(
            call,
            "Nothing in the project sets a journal mode: while one request writes, all others wait"
            f' or fail with "database is locked". {listener(call, "journal_mode=WAL")}',
        )
