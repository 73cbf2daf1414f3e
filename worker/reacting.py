"""Emoji on comments: a courtesy, for which nothing waits long and nothing fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.github import comments
from app.github.errors import RateLimitedError

if TYPE_CHECKING:
    from app.github.comments import Reaction
    from app.github.repository import Repository
    from worker.pacing import Pacer

BUDGET = 3.0
"""Seconds that a reaction may take."""


async def react(pacer: Pacer, repository: Repository, comment_id: int, reaction: Reaction) -> None:
    """Put an emoji on a comment of the conversation, if that is possible now."""
    try:
        async with asyncio.timeout(BUDGET):
            await pacer.take(repository.installation_id)
            await comments.react(repository, "issues", comment_id, reaction)
    except (TimeoutError, RateLimitedError):
        return
