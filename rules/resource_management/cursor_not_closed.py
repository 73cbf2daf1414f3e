"""RES103."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.resource_management.ownership import Fate, fate_of
from rules.resource_management.uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

_MAKES = {
    "aiosqlite.Connection.execute",
    "aiosqlite.Connection.cursor",
    "psycopg.AsyncConnection.cursor",
    "asyncpg.Connection.cursor",
    "aiomysql.Connection.cursor",
}


@rule(
    "RES103",
    on=ast.Call,
    calls=("execute", "cursor"),
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def cursor_not_closed(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """An asynchronous cursor that stays open holds its statement, and with it a read lock.

    While a `SELECT` is not read to its end or closed, SQLite cannot checkpoint its WAL and
    other connections cannot change the schema. `async with` closes the cursor on every path;
    `execute_fetchall` needs none.

    ```python
    import aiosqlite


    async def titles(db: aiosqlite.Connection) -> list[aiosqlite.Row]:
        cursor = await db.execute("SELECT title FROM articles")  # finding
        return list(await cursor.fetchall())


    async def first(db: aiosqlite.Connection) -> aiosqlite.Row | None:
        return await (await db.execute("SELECT title FROM articles")).fetchone()  # finding
    ```

    Where all rows are wanted at once:

    ```python
    import aiosqlite


    async def titles(db: aiosqlite.Connection) -> list[aiosqlite.Row]:
        return list(await (await db.execute("SELECT 1")).fetchall())  # finding
    ```

    ```python fixed
    import aiosqlite


    async def titles(db: aiosqlite.Connection) -> list[aiosqlite.Row]:
        return list(await db.execute_fetchall("SELECT 1"))
    ```

    In a block, closed, or a write whose cursor holds nothing:

    ```python
    import aiosqlite


    async def titles(db: aiosqlite.Connection) -> list[aiosqlite.Row]:
        async with db.execute("SELECT title FROM articles") as cursor:
            return list(await cursor.fetchall())


    async def save(db: aiosqlite.Connection, title: str) -> int | None:
        await db.execute("DELETE FROM articles")
        cursor = await db.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        return cursor.lastrowid


    async def last(db: aiosqlite.Connection) -> aiosqlite.Row | None:
        cursor = await db.execute("SELECT title FROM articles")
        try:
            return await cursor.fetchone()
        finally:
            await cursor.close()
    ```
    """
    if not file.runs_on_event_loop(call) or file.qualified_name(call.func) not in _MAKES:
        return
    owned = fate_of(call, file)
    chained = _fetched_at_once(call, file)
    if owned.fate is Fate.NEVER and _is_read(owned.holder, call, file):
        yield Problem(
            call,
            f"The cursor in `{owned.holder}` is never closed. Use"
            f" `async with {file.source(call.func)}(...) as {owned.holder}:`.",
        )
    elif chained is not None and owned.fate is Fate.DROPPED:
        yield Problem(
            chained,
            f"This cursor is never closed. Use `async with {file.source(call.func)}(...)`, or"
            " `execute_fetchall` for all rows.",
            fix=_fetch_all(chained, call, file),
        )


def _is_read(holder: str, call: ast.Call, file: SourceFile) -> bool:
    """Whether rows are taken from the cursor: one that only wrote holds nothing."""
    scope = file.enclosing_function(call)
    if scope is None:
        return False
    for use in uses_of(holder, scope, file):
        parent = file.parent(use)
        if isinstance(parent, ast.Attribute) and parent.attr.startswith("fetch"):
            return True
        if isinstance(parent, (ast.AsyncFor, ast.comprehension)):
            return True
    return False


def _fetched_at_once(call: ast.Call, file: SourceFile) -> ast.Await | None:
    """The `await (await db.execute(...)).fetchall()` around a call."""
    awaited = file.parent(call)
    method = file.parent(awaited) if isinstance(awaited, ast.Await) else None
    if not isinstance(method, ast.Attribute) or not method.attr.startswith("fetch"):
        return None
    fetch = file.parent(method)
    outer = file.parent(fetch) if fetch is not None else None
    return outer if isinstance(outer, ast.Await) else None


def _fetch_all(outer: ast.Await, call: ast.Call, file: SourceFile) -> Fix | None:
    fetch = outer.value
    if not isinstance(fetch, ast.Call) or not isinstance(fetch.func, ast.Attribute):
        return None
    is_sqlite = file.qualified_name(call.func) == "aiosqlite.Connection.execute"
    if fetch.func.attr != "fetchall" or not is_sqlite or not isinstance(call.func, ast.Attribute):
        return None

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        match node:
            case cst.Await(
                expression=cst.Call(
                    func=cst.Attribute(value=cst.Await(expression=cst.Call() as made))
                )
            ):
                function = cst.ensure_type(made.func, cst.Attribute)
                named = function.with_changes(attr=cst.Name("execute_fetchall"))
                return node.with_changes(expression=made.with_changes(func=named))
            case _:
                return None

    return fix
