"""Asking for reviews in SQL, and waking workers up when that is committed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.db import pull_requests
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
