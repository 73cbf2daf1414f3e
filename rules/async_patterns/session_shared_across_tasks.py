"""ASY111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.started_together import Work, started_together
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
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
)
def session_shared_across_tasks(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
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

    In a `TaskGroup`, by a list of tasks, or behind `self`:

    ```python
    import asyncio

    from sqlalchemy.ext.asyncio import AsyncSession


    async def load(session: AsyncSession, number: int) -> None: ...


    async def grouped(session: AsyncSession, numbers: list[int]) -> None:
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                group.create_task(load(session, number))  # finding


    class Repository:
        def __init__(self, session: AsyncSession) -> None:
            self.session = session

        async def load(self, number: int) -> int | None:
            return await self.session.scalar(f"SELECT {int(number)}")

        async def all(self, numbers: list[int]) -> None:
            tasks = [asyncio.create_task(self.load(number)) for number in numbers]
            await asyncio.gather(*tasks)  # finding
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
    for place, works in started_together(file):
        shared = _shared(works, file)
        if shared is not None:
            text, noun = shared
            yield Problem(
                place,
                f"`{text}` is one {noun} used by several tasks at the same time, which raises when"
                " they overlap. Give each task its own, or await one after the other.",
            )


def _shared(works: tuple[Work, ...], file: SourceFile) -> tuple[str, str] | None:
    seen: set[str] = set()
    for work in works:
        for expression, noun in _exclusive(work.call, file):
            text = file.source(expression)
            repeated = work.items is not None and not _is_made_for_each(expression, work, file)
            if repeated or text in seen:
                return text, noun
            if work.items is None:
                seen.add(text)
    return None


def _is_made_for_each(expression: ast.expr, work: Work, file: SourceFile) -> bool:
    """Whether every round of the loop has a session of its own under this name."""
    if not isinstance(expression, ast.Name) or work.items is None:
        return False
    loop = file.parent(work.items)
    whole = file.parent(loop) if isinstance(loop, ast.comprehension) else loop
    inside = file.within(whole) if whole is not None else []
    return any(binding.node in inside for binding in file.names.reaching(expression))


def _exclusive(work: ast.Call, file: SourceFile) -> list[tuple[ast.expr, str]]:
    """The sessions and connections that one piece of work uses, each once."""
    used = [*work.args, *(keyword.value for keyword in work.keywords)]
    if isinstance(work.func, ast.Attribute):
        used += [work.func.value, *_of_own_method(work.func, file)]
    found = {
        file.source(expression): (expression, noun)
        for expression in used
        if isinstance(expression, (ast.Name, ast.Attribute))
        and (noun := _EXCLUSIVE.get(file.qualified_name(expression) or ""))
    }
    return list(found.values())


def _of_own_method(method: ast.Attribute, file: SourceFile) -> list[ast.expr]:
    """What a method of the same object asks: `self.session` of `self.load(number)`."""
    if not (isinstance(method.value, ast.Name) and method.value.id == "self"):
        return []
    function = file.defined.functions.get(file.qualified_name(method) or "")
    if not isinstance(function, ast.AsyncFunctionDef) or "lock" in file.source(function).lower():
        return []
    return [
        owner
        for node in file.body(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and file.is_awaited(node)
        and isinstance(owner := node.func.value, ast.Attribute)
        and isinstance(owner.value, ast.Name)
        and owner.value.id == "self"
    ]
