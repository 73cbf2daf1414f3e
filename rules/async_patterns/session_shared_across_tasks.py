"""ASY111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_EXCLUSIVE = {
    "sqlalchemy.ext.asyncio.AsyncSession": "`AsyncSession`",
    "sqlalchemy.ext.asyncio.AsyncConnection": "connection",
    "asyncpg.Connection": "connection",
    "psycopg.AsyncConnection": "connection",
    "sqlalchemy.orm.Session": "`Session`",
}


@rule(
    "ASY111",
    on=ast.Call,
    calls=("gather",),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
)
def session_shared_across_tasks(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """One session or connection in several tasks at once raises, or mixes up their work.

    A session has one connection and one transaction. SQLAlchemy raises "This session is
    provisioning a new connection; concurrent operations are not permitted", asyncpg "another
    operation is in progress" - under load, when the two really overlap. Give each task a
    session of its own, or await one after the other.

    ```python
    import asyncio

    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import Market, News


    async def load_news(session: AsyncSession) -> list[News]: ...


    async def page(session: AsyncSession) -> None:
        await asyncio.gather(  # finding
            session.scalars(select(Market)),
            load_news(session),
        )


    async def all_news(session: AsyncSession, ids: list[int]) -> list[News | None]:
        return await asyncio.gather(*(session.get(News, id) for id in ids))  # finding
    ```

    A session for each task, or a pool:

    ```python
    import asyncio

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from app.models import News


    async def load(make: async_sessionmaker[AsyncSession], id: int) -> News | None:
        async with make() as session:
            return await session.get(News, id)


    async def all_news(make: async_sessionmaker[AsyncSession], ids: list[int]) -> None:
        await asyncio.gather(*(load(make, id) for id in ids))


    async def both(pool: asyncpg.Pool) -> None:
        await asyncio.gather(pool.fetch("SELECT 1"), pool.fetch("SELECT 2"))
    ```
    """
    if file.qualified_name(call.func) != "asyncio.gather":
        return
    shared = _shared(call, file)
    if shared is not None:
        text, noun = shared
        yield Problem(
            call,
            f"`{text}` is one {noun} used by several tasks at the same time, which raises when they"
            " overlap. Give each task its own, or await one after the other.",
        )


def _shared(call: ast.Call, file: SourceFile) -> tuple[str, str] | None:
    seen: set[str] = set()
    for argument in call.args:
        repeated = isinstance(argument, ast.Starred)
        work = _work(argument)
        if not isinstance(work, ast.Call):
            continue
        for text, noun in set(_exclusive(work, file)):
            if repeated or text in seen:
                return text, noun
            seen.add(text)
    return None


def _work(argument: ast.expr) -> ast.expr:
    inner = argument.value if isinstance(argument, ast.Starred) else argument
    return inner.elt if isinstance(inner, (ast.ListComp, ast.GeneratorExp)) else inner


def _exclusive(work: ast.Call, file: SourceFile) -> Iterator[tuple[str, str]]:
    """The sessions and connections that one piece of work uses."""
    used = [*work.args, *(keyword.value for keyword in work.keywords)]
    if isinstance(work.func, ast.Attribute):
        used.append(work.func.value)
    for expression in used:
        if isinstance(expression, (ast.Name, ast.Attribute)):
            noun = _EXCLUSIVE.get(file.qualified_name(expression) or "")
            if noun is not None:
                yield file.source(expression), noun
