"""What the history pages show. Reading only."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import FindingRecord, FindingState, PullRequest, Repository, ReviewRecord

PAGE = 50


@dataclass(frozen=True, slots=True)
class RepositoryLine:
    """A repository with how much was found there."""

    repository: Repository
    pull_requests: int
    open_findings: int


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A review with what it was about."""

    review: ReviewRecord
    pull_request: PullRequest
    repository: Repository


@dataclass(frozen=True, slots=True)
class PullRequestLine:
    """A pull request with the fates of its findings."""

    pull_request: PullRequest
    open_findings: int
    fixed_findings: int


async def repositories(
    session: AsyncSession, among: Collection[int] | None = None
) -> list[RepositoryLine]:
    """The repositories the App has, by name; only those `among` these, None for all."""
    pulls = (
        select(func.count(PullRequest.id))
        .where(PullRequest.repository_id == Repository.id)
        .scalar_subquery()
    )
    findings = (
        select(func.count(FindingRecord.id))
        .join(PullRequest, PullRequest.id == FindingRecord.pull_request_id)
        .where(PullRequest.repository_id == Repository.id, FindingRecord.state == FindingState.OPEN)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Repository, pulls, findings)
        .where(Repository.removed_at.is_(None), *_among(among))
        .order_by(Repository.owner, Repository.name)
        .limit(500)
    )
    return [RepositoryLine(*row) for row in rows]


async def recent_reviews(
    session: AsyncSession, among: Collection[int] | None = None, limit: int = PAGE
) -> list[ReviewLine]:
    """The newest reviews of these repositories, or of all."""
    rows = await session.execute(
        select(ReviewRecord, PullRequest, Repository)
        .join(PullRequest, PullRequest.id == ReviewRecord.pull_request_id)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(*_among(among))
        .order_by(ReviewRecord.id.desc())
        .limit(limit)
    )
    return [ReviewLine(*row) for row in rows]


async def pull_requests(
    session: AsyncSession, repository_id: int, limit: int = 4 * PAGE
) -> list[PullRequestLine]:
    """The pull requests of a repository, the newest first."""
    rows = await session.execute(
        select(PullRequest, _count(FindingState.OPEN), _count(FindingState.FIXED))
        .where(PullRequest.repository_id == repository_id)
        .order_by(PullRequest.number.desc())
        .limit(limit)
    )
    return [PullRequestLine(*row) for row in rows]


async def reviews(session: AsyncSession, pull_request_id: int) -> list[ReviewRecord]:
    """The reviews of a pull request, the newest first."""
    found = await session.scalars(
        select(ReviewRecord)
        .where(ReviewRecord.pull_request_id == pull_request_id)
        .order_by(ReviewRecord.id.desc())
        .limit(4 * PAGE)
    )
    return list(found)


async def review(session: AsyncSession, review_id: int) -> ReviewLine | None:
    """One review with what it was about."""
    rows = await session.execute(
        select(ReviewRecord, PullRequest, Repository)
        .join(PullRequest, PullRequest.id == ReviewRecord.pull_request_id)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(ReviewRecord.id == review_id)
    )
    row = rows.first()
    return None if row is None else ReviewLine(*row)


async def findings_seen_by(session: AsyncSession, review_id: int) -> list[FindingRecord]:
    """The findings that this review was the last to report or to see fixed."""
    found = await session.scalars(
        select(FindingRecord)
        .where(
            (FindingRecord.last_review_id == review_id)
            | (FindingRecord.first_review_id == review_id)
        )
        .order_by(FindingRecord.path, FindingRecord.line, FindingRecord.id)
    )
    return list(found)


def _count(state: FindingState):  # noqa: ANN202 its type is longer than it is
    return (
        select(func.count(FindingRecord.id))
        .where(FindingRecord.pull_request_id == PullRequest.id, FindingRecord.state == state)
        .scalar_subquery()
    )


def _among(ids: Collection[int] | None) -> list[ColumnElement[bool]]:
    return [] if ids is None else [Repository.id.in_(ids)]
