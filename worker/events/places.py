"""Having rows for what an event is about, whatever was heard of it before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.db import installations, pull_requests, repositories
from app.db.installations import InstallationFacts
from app.db.pull_requests import PullRequestFacts
from app.github import pulls
from app.models import PullRequestState

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.github.repository import Repository
    from app.models import PullRequest
    from app.payloads import PullRequestEvent, RepositoryEvent
    from worker.work import Work

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""So that every event about a pull request counts as newer than what the API told of it."""


async def remember_repository(session: AsyncSession, event: RepositoryEvent) -> bool:
    """Have a row for the repository and its installation; False when the event names none."""
    if event.installation is None:
        return False
    number = event.installation.id
    await installations.ensure(session, InstallationFacts(number, event.repository.owner_login, ""))
    await repositories.heard_of(session, event.repository.facts(number), datetime.now(UTC))
    return True


async def remember_pull_request(session: AsyncSession, event: PullRequestEvent) -> PullRequest:
    """The row of the pull request; an event older than what is known changes nothing."""
    facts = event.pull_request.facts(event.repository.id)
    return await _row(session, await pull_requests.upsert(session, facts))


async def pull_request_of(
    work: Work, repository: Repository, repository_id: int, number: int
) -> PullRequest:
    """The row of a pull request; one of which no event was heard is asked for."""
    async with work.database.read() as session:
        row = await pull_requests.find(session, repository_id, number)
    if row is not None:
        return row
    facts = facts_of(await pulls.read(repository, number), repository_id)
    async with work.database.write() as session:
        return await _row(session, await pull_requests.upsert(session, facts))


def facts_of(pull: pulls.PullRequest, repository_id: int) -> PullRequestFacts:
    """What is stored of a pull request that the API told of."""
    return PullRequestFacts(
        repository_id=repository_id,
        number=pull.number,
        state=PullRequestState.MERGED if pull.merged else PullRequestState(pull.state),
        draft=pull.draft,
        title=pull.title,
        author_login=pull.user.login if pull.user else None,
        author_id=pull.user.id if pull.user else None,
        head_sha=pull.head.sha,
        base_ref=pull.base.ref,
        base_sha=pull.base.sha,
        updated_at=LONG_AGO,
    )


async def _row(session: AsyncSession, pull_request_id: int) -> PullRequest:
    row = await pull_requests.get(session, pull_request_id)
    assert row is not None
    return row
