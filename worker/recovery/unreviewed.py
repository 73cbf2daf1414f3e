"""Open pull requests of whose head, or base, no delivery told, and repositories that went unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import structlog

from app.db import leftovers, pull_requests, recoveries, repositories
from app.github import pulls
from app.github.errors import GitHubError, NotFoundError, RateLimitedError
from app.models import PullRequestState
from worker.events.places import facts_of
from worker.events.wanting import want

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.github.pulls import PullRequest
    from app.models import Repository
    from worker.work import Work

log = structlog.get_logger(__name__)

SETTLE = timedelta(minutes=2)
"""What changed this recently may be told of by a delivery that is on its way."""


async def want_unreviewed(work: Work, settle: timedelta = SETTLE) -> None:
    """Want reviews of every open pull request whose head was never reviewed."""
    async with work.database.read() as session:
        rows = await recoveries.reachable_repositories(session)
    limited: set[int] = set()
    missing: list[Repository] = []
    for row in rows:
        if row.installation_id in limited:
            continue
        try:
            listed = await pulls.open_ones(work.repository(row))
        except RateLimitedError:
            limited.add(row.installation_id)
        except NotFoundError:
            missing.append(row)
        except GitHubError as error:
            log.info("pull requests not listed", repository=row.id, reason=error.message)
        else:
            await _take_in(work, row, listed, datetime.now(UTC) - settle)
    for installation_id, rows in groupby(missing, lambda row: row.installation_id):
        await _forget_what_is_gone(work, installation_id, list(rows))


async def _forget_what_is_gone(work: Work, installation_id: int, missing: list[Repository]) -> None:
    """Take those for removed that the installation does not list: nobody told of their end."""
    try:
        covered = await work.github.repository_ids(installation_id)
    except GitHubError as error:
        log.info("repositories not listed", installation=installation_id, reason=error.message)
        return
    gone = [row.id for row in missing if row.id not in covered]
    if gone:
        async with work.database.write() as session:
            await repositories.remove(session, installation_id, gone, datetime.now(UTC))
        log.warning("repositories were removed and nobody told", repositories=gone)


async def _take_in(
    work: Work, row: Repository, listed: tuple[PullRequest, ...], settled: datetime
) -> None:
    for pull in listed:
        if pull.updated_at is not None and pull.updated_at > settled:
            continue
        async with work.database.write() as session:
            due = await _want(session, row, pull)
        await work.wake_reviews(due)


async def _want(session: AsyncSession, row: Repository, pull: PullRequest) -> datetime | None:
    """When the pull request is due that nobody had told of; None when all is known of it."""
    known = await pull_requests.find(session, row.id, pull.number)
    if known is not None and (known.due_at is not None or known.paused):
        return None
    rebased = known is not None and known.base_ref != pull.base.ref
    if known is not None and known.reviewed_head_sha == pull.head.sha and not rebased:
        if known.state is not PullRequestState.OPEN:
            await _remember(session, row, pull)
        return None
    current = await pull_requests.get(session, await _remember(session, row, pull))
    assert current is not None
    reason = "base changed" if rebased else "found unreviewed"
    due = await want(session, current, reason, force=rebased)
    if due is not None:
        now = datetime.now(UTC)
        await recoveries.found_unreviewed(session, row.id, pull.number, reason, now)
        log.warning("a head was never told of", repository=row.id, number=pull.number)
    return due


async def _remember(session: AsyncSession, row: Repository, pull: PullRequest) -> int:
    number = await pull_requests.upsert(session, facts_of(pull, row.id))
    await leftovers.remember(
        session,
        number,
        state=PullRequestState.OPEN,
        draft=pull.draft,
        title=pull.title,
        head_sha=pull.head.sha,
        base_ref=pull.base.ref,
        base_sha=pull.base.sha,
    )
    return number
