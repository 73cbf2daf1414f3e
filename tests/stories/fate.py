"""A worker that dies at a chosen moment: at a request, at its answer, or around a commit."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, override

import httpx

from app.db.engine import Database
from app.github.app import GitHubApp
from app.github.pacing import Pacer
from app.github.transport import Retry
from tests.worker.service import analyse_here
from worker.main import allowances, opened, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.config import Settings
    from worker.work import Work

type Moment = Literal["before", "after"]


class Died(BaseException):
    """The process is gone; nothing of it does anything any more."""


@dataclass
class Fate:
    """How many requests and commits a worker has left, and on which side of the last it dies."""

    left: int | None = None
    moment: Moment = "before"
    dead: bool = False

    def meet(self, moment: Moment) -> None:
        """Die here, if it is time; a dead worker dies wherever it looks."""
        if self.dead:
            raise Died
        if self.left is None or moment != self.moment:
            return
        self.left -= 1
        if self.left < 0:
            self.dead = True
            raise Died


class MortalTransport(httpx.AsyncBaseTransport):
    """Requests to GitHub, each of which may be the last."""

    def __init__(self, fate: Fate) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=False)
        self._fate = fate

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._fate.meet("before")
        response = await self._inner.handle_async_request(request)
        if self._fate.left is not None or self._fate.dead:
            await response.aread()
            self._fate.meet("after")
        return response

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


class MortalDatabase(Database):
    """Transactions, each of which may be the last."""

    def __init__(self, url: str, fate: Fate) -> None:
        super().__init__(url)
        self._fate = fate

    @override
    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncSession]:
        self._fate.meet("before")
        async with super().write() as session:
            yield session
        self._fate.meet("after")


@asynccontextmanager
async def mortal(settings: Settings, fate: Fate) -> AsyncGenerator[tuple[Work, asyncio.Task[None]]]:
    """A worker in this event loop, and the task that ends when it dies."""
    async with opened(settings, analyse_here) as whole:
        database = MortalDatabase(settings.database_url, fate)
        github = GitHubApp(
            settings.github_app_id,
            settings.github_private_key.get_secret_value(),
            api_url=settings.github_api_url,
            transport=MortalTransport(fate),
            retry=Retry(()),
            pacer=Pacer(whole.queue, allowances(settings)),
        )
        work = replace(
            whole,
            database=database,
            github=github,
            publisher=replace(whole.publisher, settle=0.0),
        )
        task = asyncio.create_task(run(work))
        try:
            yield work, task
        finally:
            task.cancel()
            await asyncio.wait([task])
            await github.close()
            await database.close()
