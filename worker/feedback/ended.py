"""Dismissals that came to their day: what they silenced is told again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.db import dismissals, rounds
from worker.events.wanting import want
from worker.work import new_owner

if TYPE_CHECKING:
    from worker.work import Work

NAME = "dismissals"
REASON = "dismissal ended"
LEAST = timedelta(minutes=1)
"""Between two looks; a dismissal is given for days."""
MISSED = timedelta(days=7)
"""How far the first look goes back."""


async def tell_what_ended(work: Work, *, least: timedelta = LEAST) -> None:
    """Want reviews where a dismissal ended since the last look, if no other worker looks."""
    owner, now = new_owner(), datetime.now(UTC)
    async with work.database.write() as session:
        taken = await rounds.claim(session, NAME, owner, now, lease=work.lease, least=least)
        if taken is None:
            return
        since = taken.examined_until or now - MISSED
        rows = await dismissals.ended_for(session, since, now)
        due = [await want(session, row, REASON, force=True) for row in rows]
        await rounds.finish(session, NAME, owner, now)
    for at in due:
        await work.wake_reviews(at)
