"""ASY103."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.connections import once_per_connection
from rules.async_patterns.on_loop import BlockingCall, blocking_calls, serves_nobody_yet
from rules.core.programs import is_program
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_OURS = ("sqlite3.", "sqlalchemy.", "pandas.read_sql")


@rule("ASY103", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def blocking_sqlite_in_async(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A synchronous database connection or session in an `async def` stops the event loop.

    A query that takes 5 ms is 5 ms in which no other request moves, and a locked SQLite file
    holds the loop for the whole busy timeout, 5 seconds by default. Use `aiosqlite`, or an
    `AsyncSession` of `create_async_engine`; or make the function a plain `def`, which FastAPI
    runs in a thread pool. Each connection or session is reported once per function.

    ```python
    import sqlite3


    async def titles() -> list[str]:
        connection = sqlite3.connect("news.db")  # finding
        rows = connection.execute("SELECT title FROM articles").fetchall()
        connection.close()
        return [title for (title,) in rows]
    ```

    A session of SQLAlchemy or SQLModel, however it arrives:

    ```python
    from typing import Annotated

    from fastapi import Depends, FastAPI
    from sqlmodel import Session, select

    from app.db import Market, get_session

    app = FastAPI()
    SessionDep = Annotated[Session, Depends(get_session)]


    @app.get("/markets")
    async def markets(session: SessionDep) -> list[Market]:
        session.expire_all()
        return session.exec(select(Market)).all()  # finding
    ```

    Asynchronous ones are fine, and so is a plain `def` route:

    ```python
    import aiosqlite
    from fastapi import FastAPI
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

    from app.db import Market

    app = FastAPI()


    async def titles() -> list[tuple[str]]:
        async with aiosqlite.connect("news.db") as connection:
            return await connection.execute_fetchall("SELECT title FROM articles")


    async def markets(session: AsyncSession) -> list[Market]:
        return list(await session.scalars(select(Market)))


    @app.get("/one")
    def one(session: Session) -> Market | None:
        return session.get(Market, 1)
    ```

    `run_sync` gives a synchronous session to a function that may use it:

    ```python
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session


    async def count(session: AsyncSession) -> int:
        return await session.run_sync(lambda inner: inner.execute("SELECT 1").scalar())
    ```
    """
    ours = (call for call in blocking_calls(file) if call.effect.name.startswith(_OURS))
    for found in once_per_connection(ours, file):
        if not (serves_nobody_yet(found.function) or is_program(file)):
            yield _problem(found, file)


def _problem(found: BlockingCall, file: SourceFile) -> Problem:
    or_plain = " or a plain `def` route" if file.route(found.function) else ""
    return Problem(
        found.call,
        f"`{file.source(found.call.func).splitlines()[0]}` waits for the database on the event loop"
        f" in `async def {found.function.name}`; use {found.effect.instead}{or_plain}.",
    )
