"""Sending writes: in turn, never twice, and looking before anything uncertain is repeated."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import comments
from app.github.errors import AmbiguousError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.github.comments import Kind, Reaction
    from app.github.repository import Repository
    from worker.publishing.pacing import Pacer

SETTLE = 2.0
"""Seconds before looking for what may have happened; GitHub's lists lag behind its writes."""
REACTION_SECONDS = 3.0
"""A reaction is a courtesy: nothing waits longer for it, and nothing fails with it."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes of one installation."""

    pacer: Pacer
    installation_id: int
    settle: float = SETTLE

    async def once[T](self, send: Callable[[], Awaitable[T]]) -> T:
        """Send in turn. A limit that GitHub names holds for every worker from now on."""
        await self.pacer.take(self.installation_id)
        try:
            return await send()
        except RateLimitedError as error:
            await self.pacer.block(self.installation_id, error.retry_at)
            raise

    async def again[T](self, send: Callable[[], Awaitable[T]]) -> T:
        """Send what has the same effect twice as once; tried a second time when uncertain."""
        try:
            return await self.once(send)
        except AmbiguousError:
            return await self.once(send)

    async def make[T](
        self, send: Callable[[], Awaitable[T]], find: Callable[[], Awaitable[T | None]]
    ) -> T:
        """Send what makes something new; when uncertain, look for it before sending again."""
        try:
            return await self.once(send)
        except AmbiguousError:
            await self.wait()
        found = await find()
        return found if found is not None else await self.once(send)

    async def wait(self) -> None:
        """Give GitHub a moment to show what it may have done."""
        await asyncio.sleep(self.settle)


async def react(
    pacer: Pacer,
    repository: Repository,
    comment_id: int,
    reaction: Reaction,
    *,
    kind: Kind = "issues",
) -> None:
    """Put an emoji on a comment, of the conversation unless `kind` says otherwise, if possible now."""
    try:
        async with asyncio.timeout(REACTION_SECONDS):
            await pacer.take(repository.installation_id)
            await comments.react(repository, kind, comment_id, reaction)
    except (TimeoutError, RateLimitedError):
        return
