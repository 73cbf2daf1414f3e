"""SQL117."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.sqlite.loops import item_names, mentions, row_loop
from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_STATEMENT = re.compile(r"^(sql|query|statement|stmt|sql_query|querystring)$")
_RAW = ("sqlite3.", "aiosqlite.", "psycopg", "asyncpg.", "pymysql.", "aiomysql.")


@rule(
    "SQL117",
    on=ast.Call,
    calls=("connect",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def connection_per_query(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A connection for each query pays for opening, pragmas and an empty cache each time.

    It also gives up transactions: two queries can never be one unit. Open one connection per
    request or task, or use a pool, and hand it to the functions that run queries.

    ```python
    import sqlite3
    from contextlib import closing


    def run(sql: str, values: tuple[str, ...]) -> list[tuple[str]]:
        with closing(sqlite3.connect("news.db")) as conn:  # finding
            return conn.execute(sql, values).fetchall()


    def save(titles: list[str]) -> None:
        for title in titles:
            with closing(sqlite3.connect("news.db")) as conn, conn:  # finding
                conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
    ```

    One connection for what belongs together, and a connection per file:

    ```python
    import sqlite3
    from contextlib import closing


    def save(titles: list[str], paths: list[str]) -> None:
        with closing(sqlite3.connect("news.db")) as conn, conn:
            conn.executemany(
                "INSERT INTO articles (title) VALUES (?)", [(t,) for t in titles]
            )
        for path in paths:
            with closing(sqlite3.connect(path)) as conn:
                conn.execute("VACUUM")
    ```
    """
    name = file.qualified_name(call.func) or ""
    function = file.enclosing_function(call)
    if name not in CONNECT or not name.startswith(_RAW) or function is None:
        return
    loop = row_loop(call, file)
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        if not mentions(call, item_names(loop, file)):
            yield Problem(
                call,
                f"`{name}` opens a connection for each item of the loop. Open one before the loop.",
            )
    elif parameter := _statement_parameter(call, function, file):
        yield Problem(
            call,
            f"`{function.name}` opens a connection for each `{parameter}` that it runs."
            " Take the connection as a parameter, or keep a pool.",
        )


def _statement_parameter(call: ast.Call, function: FunctionNode, file: SourceFile) -> str | None:
    """The parameter with the SQL text that the function runs on its new connection."""
    if file.enclosing_loop(call) is not None:
        return None
    names = {argument.arg for argument, _ in parameters(function) if _STATEMENT.match(argument.arg)}
    if not names:
        return None
    for node in file.body(function):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="execute" | "fetch" | "execute_fetchall"),
                args=[ast.Name(id=name), *_],
            ) if name in names:
                return name
            case _:
                pass
    return None
