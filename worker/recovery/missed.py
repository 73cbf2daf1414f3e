"""Deliveries that never arrived: asked for again, since GitHub never does so by itself."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.db import recoveries
from app.github import deliveries
from app.github.errors import TerminalError
from worker.events.reactions import REACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.github.deliveries import Attempt
    from worker.work import Work

log = structlog.get_logger(__name__)

KEPT = timedelta(days=3)
"""GitHub sends nothing again that is older,"""
KEPT_BY_A_SERVER = timedelta(days=7)
"""and an Enterprise Server nothing older than this."""
OVERLAP = timedelta(minutes=5)
"""Looked at once more, for an attempt is listed only when it ended."""
MOST_ATTEMPTS = 5
"""What we refuse this often, a further attempt will not bring."""


async def redeliver_missed(work: Work, examined_until: datetime | None) -> datetime:
    """Ask for what never arrived since then; gives until when everything is settled now."""
    now = datetime.now(UTC)
    oldest = now - kept(work.settings.github_api_url)
    start = oldest if examined_until is None else max(oldest, examined_until - OVERLAP)
    listed = await deliveries.since(work.github, start)
    for attempt in await _wanted(work, missed(listed)):
        await _redeliver(work, attempt)
    return min((one.delivered_at for one in listed if one.under_way), default=now)


def kept(api_url: str) -> timedelta:
    """How long the GitHub of this API can send a delivery again."""
    return KEPT_BY_A_SERVER if api_url.endswith("/api/v3") else KEPT


def missed(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The newest attempt at each delivery that never arrived and that we would react to.

    The oldest first. One that is still under way is not missed yet.
    """
    by_guid: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_guid[attempt.guid].append(attempt)
    lost = [
        max(same, key=lambda one: one.id)
        for same in by_guid.values()
        if not any(one.arrived or one.under_way for one in same)
    ]
    wanted = (one for one in lost if (one.event, one.action) in REACTIONS)
    return sorted(wanted, key=lambda one: one.id)


async def _wanted(work: Work, lost: list[Attempt]) -> list[Attempt]:
    """Without those that we have all the same, and those that were asked for often enough."""
    wanted: list[Attempt] = []
    for start in range(0, len(lost), 200):
        batch = lost[start : start + 200]
        guids = [one.guid for one in batch]
        async with work.database.read() as session:
            here = await recoveries.accepted(session, guids)
            tried = await recoveries.attempts(session, guids)
        wanted += [
            one for one in batch if one.guid not in here and tried.get(one.guid, 0) < MOST_ATTEMPTS
        ]
    return wanted


async def _redeliver(work: Work, attempt: Attempt) -> None:
    name = f"{attempt.event} {attempt.action or ''}".strip()
    try:
        await deliveries.redeliver(work.github, attempt.id)
    except TerminalError:
        return  # Too old by now; the look at open pull requests finds what it was about.
    now = datetime.now(UTC)
    async with work.database.write() as session:
        await recoveries.redelivered(session, attempt.guid, name, attempt.repository_id, now)
    log.warning("delivery was missed and is sent again", guid=attempt.guid, event_name=name)
