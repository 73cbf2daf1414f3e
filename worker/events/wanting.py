"""Asking for reviews in SQL, and waking workers up when that is committed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.db import deliveries, installations, leftovers, pull_requests
from app.models import PullRequestState

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import PullRequest


async def want(
    session: AsyncSession,
    row: PullRequest,
    reason: str,
    *,
    force: bool = False,
    full: bool = False,
) -> datetime | None:
    """Want the newest known head reviewed; when it is due, or None when nothing new is wanted.

    A pull request that is closed has whatever was wanted of it forgotten. Of one that is paused
    the check says so.
    """
    if row.state is not PullRequestState.OPEN:
        await pull_requests.park(session, row.id)
        return None
    now = datetime.now(UTC)
    generation = await pull_requests.want(
        session, row.id, head_sha=row.head_sha, reason=reason, now=now, force=force, full=full
    )
    if generation is None:
        return None
    return max(now, row.quiet_until or now)


async def want_unreviewed(session: AsyncSession, installation_id: int) -> datetime | None:
    """Want what was open and not reviewed when it could not be reached, though it was given up."""
    due: list[datetime | None] = [
        await want(session, row, "reachable again", force=row.due_at is None)
        for row in await leftovers.unreviewed(session, installation_id)
    ]
    return min((at for at in due if at is not None), default=None)


async def awaken(session: AsyncSession, installation_id: int) -> datetime | None:
    """Take up what waited while GitHub gave no tokens for an installation."""
    await installations.unsuspend(session, installation_id)
    await deliveries.revive(session, installation_id, datetime.now(UTC))
    return await want_unreviewed(session, installation_id)
