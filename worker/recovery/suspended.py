"""Installations that we know as suspended, asked about: nobody may have told of the end of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from app.db import installations
from app.github.errors import NotFoundError
from worker.events.wanting import awaken

if TYPE_CHECKING:
    from worker.work import Work

log = structlog.get_logger(__name__)


async def look_at_the_suspended(work: Work) -> None:
    """Take up what waits for installations that are awake again; forget those that are gone."""
    async with work.database.read() as session:
        known = await installations.suspended(session)
    for number in known:
        try:
            suspended = await work.github.is_suspended(number)
        except NotFoundError:
            async with work.database.write() as session:
                await installations.delete(session, number, datetime.now(UTC))
            continue
        if not suspended:
            async with work.database.write() as session:
                due = await awaken(session, number)
            log.warning("an installation was awake and nobody told", installation=number)
            await work.wake_reviews(due)
