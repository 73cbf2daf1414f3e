"""Sending writes never twice, and looking before anything uncertain is repeated."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import comments
from app.github.errors import AmbiguousError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.github.comments import Kind, Reaction
    from app.github.repository import Repository

SETTLE = 2.0
"""Seconds before looking for what may have happened; GitHub's lists lag behind its writes."""
REACTION_SECONDS = 3.0
"""A reaction is a courtesy: nothing waits longer for it, and nothing fails with it."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes that may have happened although no answer came."""

    settle: float = SETTLE

    async def again[T](self, send: Callable[[], Awaitable[T]]) -> T:
        """Send what has the same effect twice as once; tried a second time when uncertain."""
        try:
            return await send()
        except AmbiguousError:
            return await send()

    async def make[T](
        self, send: Callable[[], Awaitable[T]], find: Callable[[], Awaitable[T | None]]
    ) -> T:
        """Send what makes something new; when uncertain, look for it before sending again."""
        try:
            return await send()
        except AmbiguousError:
            await self.wait()
        found = await find()
        return found if found is not None else await send()

    async def wait(self) -> None:
        """Give GitHub a moment to show what it may have done."""
        await asyncio.sleep(self.settle)


async def react(
    repository: Repository,
    comment_id: int,
    reaction: Reaction,
    *,
    kind: Kind = "issues",
) -> None:
    """Put an emoji on a comment, of the conversation unless `kind` says otherwise, if possible now."""
    try:
        async with asyncio.timeout(REACTION_SECONDS):
            await comments.react(repository, kind, comment_id, reaction)
    except TimeoutError:
        return
