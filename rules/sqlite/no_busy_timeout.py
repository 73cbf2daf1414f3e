"""SQL104."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.sqlite.first_connect import first_connect, is_shared, listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "SQL104",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def no_busy_timeout(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """How long a write waits for another one should be chosen, not inherited.

    Python's default is 5 seconds and other tools that open the same file have 0. Say it where
    the service connects, together with WAL, so that a busy moment is a short wait and no error.

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

    A timeout of the connection, or the pragma anywhere in the project:

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    def connect() -> sqlite3.Connection:
        return sqlite3.connect("news.db", timeout=10)


    @app.get("/count")
    def count() -> int:
        return 1
    ```
    """
    call = first_connect(file)
    if call is None or file.project is None or not is_shared(call, file):
        return
    database = file.project.database
    if not (database.sets("busy_timeout") or database.sets("timeout")):
        yield Problem(
            call,
            "No busy timeout is set for a database that several requests write to."
            f" Give `timeout=` or: {listener(call, 'busy_timeout=10000')}",
        )
