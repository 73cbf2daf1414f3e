"""RES102."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.programs import is_program
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.resource_management.openers import openings
from rules.resource_management.ownership import Fate, fate_of
from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile


@rule(
    "RES102",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
)
def with_does_not_close_sqlite(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`with sqlite3.connect(...)` commits or rolls back; it does not close the connection.

    The block reads as if it closed, so nobody does: each call leaves an open file behind until
    the garbage collector comes. Since Python 3.13 that is a `ResourceWarning`. The same holds
    for `psycopg2`. `contextlib.closing` closes; the connection itself, as a second item, still
    commits.

    ```python
    import sqlite3
    from contextlib import closing


    def save(path: str, title: str) -> None:
        with sqlite3.connect(path) as conn:  # finding
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
    ```

    ```python fixed
    import sqlite3
    from contextlib import closing


    def save(path: str, title: str) -> None:
        with closing(sqlite3.connect(path)) as conn, conn:
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
    ```

    A function that gives a new connection is told at its first use:

    ```python
    import sqlite3


    class Store:
        def _connect(self) -> sqlite3.Connection:
            return sqlite3.connect("news.db")

        def save(self, title: str) -> None:
            with self._connect() as conn:  # finding
                conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))

        def clear(self) -> None:
            with self._connect() as conn:
                conn.execute("DELETE FROM articles")
    ```

    Closed afterwards, or by `closing`:

    ```python
    import sqlite3
    from contextlib import closing


    def save(path: str, title: str) -> None:
        with sqlite3.connect(path) as conn:
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        conn.close()


    def load(path: str) -> list[tuple[str]]:
        with closing(sqlite3.connect(path)) as conn:
            return conn.execute("SELECT title FROM articles").fetchall()
    ```

    `aiosqlite` does close at the end of its block:

    ```python
    import aiosqlite


    async def load(path: str) -> None:
        async with aiosqlite.connect(path) as conn:
            await conn.execute("SELECT 1")
    ```
    """
    told: set[str] = set()
    for call, connect in openings(file) if not is_program(file) else ():
        item = file.parent(call)
        block = file.parent(item) if item is not None else None
        driver = CONNECT[connect]
        if driver.with_closes or driver.advice or not isinstance(block, ast.With):
            continue
        name = file.qualified_name(call.func) or ""
        if name in told or fate_of(call, file, with_closes=False).fate is not Fate.WITH:
            continue
        if name != connect:
            told.add(name)
        yield _problem(block, call, name if name == connect else file.source(call.func), file)


def _problem(block: ast.With, call: ast.Call, shown: str, file: SourceFile) -> Problem:
    item = file.parent(call)
    return Problem(
        block,
        f"`with {shown}(...)` ends a transaction but does not close the connection."
        f" Use `with closing({shown}(...)) as conn, conn:`.",
        fix=_closing(block, item, file) if isinstance(item, ast.withitem) else None,
    )


def _closing(block: ast.With, item: ast.withitem, file: SourceFile) -> Fix | None:
    wrapper = _wrapper(file)
    if wrapper is None or len(block.items) != 1 or not isinstance(item.optional_vars, ast.Name):
        return None
    name = item.optional_vars.id

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.With):
            return None
        first = node.items[0]
        wrapped = cst.Call(cst.parse_expression(wrapper), [cst.Arg(first.item)])
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        return node.with_changes(
            items=[
                first.with_changes(item=wrapped, comma=comma),
                cst.WithItem(cst.Name(name)),
            ]
        )

    return fix


def _wrapper(file: SourceFile) -> str | None:
    """How this file can name `contextlib.closing` without a new import."""
    module = file.scopes.in_scope(file.tree)
    for name, target in (("closing", "contextlib.closing"), ("contextlib", "contextlib")):
        if any(binding.target == target for binding in module.get(name, [])):
            return "closing" if name == "closing" else "contextlib.closing"
    return None
