"""Installations that we know as suspended, asked about: nobody may have told of the end of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from app.db import installations
from app.github.errors import GitHubError, NotFoundError
from app.queue import wake
from worker.events.wanting import awaken

if TYPE_CHECKING:
    from worker.work import Work

log = structlog.get_logger(__name__)


async def look_at_the_suspended(work: Work) -> None:
    """Take up what waits for installations that are awake again; forget those that are gone."""
    async with work.database.read() as session:
        known = await installations.suspended(session)
    for number in known:
        await _look_at(work, number)


async def look_once_more(work: Work, installation_id: int) -> None:
    """Ask about an installation that an event has just called suspended.

    The event may come after the one that ends the suspension, and then nobody tells of the end
    again. What GitHub cannot say now the next round asks.
    """
    try:
        await _look_at(work, installation_id)
    except GitHubError as error:
        log.warning("suspension not confirmed", installation=installation_id, reason=error.message)


async def is_asleep(work: Work, installation_id: int) -> bool:
    """Whether an installation that a refusal called suspended still is, as far as GitHub says."""
    try:
        return await work.github.is_suspended(installation_id)
    except GitHubError:
        return True  # It is gone, or the next round asks again.


async def _look_at(work: Work, number: int) -> None:
    try:
        suspended = await work.github.is_suspended(number)
    except NotFoundError:
        async with work.database.write() as session:
            await installations.delete(session, number, datetime.now(UTC))
        return
    if not suspended:
        async with work.database.write() as session:
            due = await awaken(session, number)
        log.warning("an installation was awake and nobody told", installation=number)
        await work.wake_reviews(due)
        await wake(work.queue, "take_deliveries")
