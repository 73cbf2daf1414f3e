"""RES110."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.resource_management.uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CONNECTS = {
    "sqlite3.connect": "opens a database",
    "psycopg2.connect": "connects to a database",
    "psycopg.connect": "connects to a database",
    "pymysql.connect": "connects to a database",
    "MySQLdb.connect": "connects to a database",
    "mysql.connector.connect": "connects to a database",
    "duckdb.connect": "opens a database",
    "psycopg2.pool.SimpleConnectionPool": "connects to a database",
    "psycopg2.pool.ThreadedConnectionPool": "connects to a database",
    "sqlalchemy.Engine.connect": "connects to a database",
    "aiohttp.ClientSession": "needs a running event loop",
    "asyncio.new_event_loop": "makes an event loop that the server does not use",
    "smtplib.SMTP": "connects to a mail server",
    "pika.BlockingConnection": "connects to a broker",
}


@rule(
    "RES110",
    on=ast.Call,
    calls={name.rsplit(".", 1)[-1] for name in _CONNECTS},
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("FASTT024",),
)
def connect_at_import(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A connection made while a module is imported is made by everybody who imports it.

    Tests, migrations and the command line then need the database too; every worker process that
    is forked later shares one connection; a failure is an `ImportError` far from its cause; and
    nobody closes it. Connect in the lifespan, or when first asked.

    ```python
    # path: app/db.py
    import sqlite3

    connection = sqlite3.connect("news.db", check_same_thread=False)  # finding


    def titles() -> list[tuple[str]]:
        return connection.execute("SELECT title FROM articles").fetchall()
    ```

    In the lifespan, in a function, or in a program's own part:

    ```python
    # path: app/db.py
    import sqlite3
    from contextlib import asynccontextmanager, closing

    import aiosqlite
    from fastapi import FastAPI


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        async with aiosqlite.connect("news.db") as connection:
            app.state.db = connection
            yield


    if __name__ == "__main__":
        with closing(sqlite3.connect("news.db")) as connection:
            connection.execute("VACUUM")
    ```
    """
    what = _CONNECTS.get(file.qualified_name(call.func) or "")
    if what is None or not _runs_at_import(call, file) or not _is_shared(call, file):
        return
    yield Problem(
        call,
        f"`{file.source(call.func)}` {what} when `{file.module}` is imported, by tests and tools too,"
        " and nobody closes it. Do it in the lifespan.",
    )


def _runs_at_import(call: ast.Call, file: SourceFile) -> bool:
    if file.enclosing_function(call) is not None:
        return False
    return not any(
        isinstance(parent, ast.Lambda)
        or (isinstance(parent, ast.If) and "__name__" in file.source(parent.test))
        for parent in file.ancestors(call)
    )


def _is_shared(call: ast.Call, file: SourceFile) -> bool:
    """Whether functions use it; what only the module's own lines use is a script's."""
    parent = file.parent(call)
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            if isinstance(file.parent(parent), ast.ClassDef):
                return any(use.attr == name for use in file.of(ast.Attribute))
            return _used_in_functions(name, file)
        case ast.Assign() | ast.AnnAssign():
            return True
        case _:
            return False


def _used_in_functions(name: str, file: SourceFile, *, derived: bool = True) -> bool:
    """Whether a function uses the connection, or the module's cursor on it."""
    for use in uses_of(name, file.tree, file):
        if file.enclosing_function(use) is not None:
            return True
        match file.statement(use):
            case ast.Assign(targets=[ast.Name(id=cursor)], value=ast.Call(func=ast.Attribute())):
                if derived and _used_in_functions(cursor, file, derived=False):
                    return True
            case _:
                pass
    return False
