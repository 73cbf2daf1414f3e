"""What the history pages show. Reading only."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db import dismissals, votes
from app.db.dismissals import DismissalLine
from app.db.keyset import below
from app.db.votes import PrecisionLine
from app.models import (
    Delivery,
    DeliveryState,
    FindingRecord,
    FindingState,
    PullRequest,
    PullRequestState,
    Repository,
    ReviewRecord,
)

PAGE = 50
MOST = 500
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RepositoryLine:
    """A repository with what is open there now."""

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
    dismissed_findings: int


@dataclass(slots=True)
class OpenNow:
    """Open findings of open pull requests."""

    by_group: dict[str, int] = field(default_factory=dict[str, int])
    by_severity: dict[str, int] = field(default_factory=dict[str, int])
    by_repository: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_group.values())


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """What became of the findings of a rule by state, what people think of it, who lives with it."""

    states: dict[str, int]
    votes: list[PrecisionLine]
    dismissals: list[DismissalLine]

    @property
    def total(self) -> int:
        """How often the rule spoke."""
        return sum(self.states.values())

    @property
    def is_known(self) -> bool:
        """Whether anything is remembered of it at all."""
        return bool(self.states or self.votes or self.dismissals)


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery without its payload."""

    guid: str
    event: str
    action: str | None
    state: DeliveryState
    attempts: int
    redeliveries: int
    received_at: datetime
    done_at: datetime | None
    error: str | None
    repository: Repository | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that wait or failed, and pull requests that are due."""

    received: int
    failed: int
    due: int


async def named(session: AsyncSession, among: Collection[int] | None = None) -> list[Repository]:
    """The repositories the App has, by name; only those `among` these, None for all."""
    rows = await session.scalars(
        select(Repository)
        .where(Repository.removed_at.is_(None), *_within(Repository.id, among))
        .order_by(Repository.owner, Repository.name)
        .limit(MOST)
    )
    return list(rows)


async def repositories(
    session: AsyncSession, opened: OpenNow, among: Collection[int] | None = None
) -> list[RepositoryLine]:
    """The same with what is open there, of which `open_now` has counted the findings."""
    pulls, findings = await _open_pulls(session, among), opened.by_repository
    return [
        RepositoryLine(one, pulls.get(one.id, 0), findings.get(one.id, 0))
        for one in await named(session, among)
    ]


async def open_now(session: AsyncSession, among: Collection[int] | None = None) -> OpenNow:
    """What is open in these repositories, or in all.

    The outer join keeps the database at the few open pull requests: findings of pull requests
    that are over stay open for ever, and without statistics SQLite would begin with those.
    """
    mine = (FindingRecord.pull_request_id == PullRequest.id) & (
        FindingRecord.state == FindingState.OPEN
    )
    count = func.count(FindingRecord.pull_request_id)
    rows = await session.execute(
        select(PullRequest.repository_id, FindingRecord.group, FindingRecord.severity, count)
        .outerjoin(FindingRecord, mine)
        .where(
            PullRequest.state == PullRequestState.OPEN,
            *_within(PullRequest.repository_id, among),
        )
        .group_by(PullRequest.repository_id, FindingRecord.group, FindingRecord.severity)
    )
    return _added_up(rows)


def _added_up(rows: Iterable[tuple[int, str | None, str | None, int]]) -> OpenNow:
    """The counts by each of the three; a pull request without findings gives neither of two."""
    found = OpenNow()
    for repository_id, group, severity, count in rows:
        if group is None or severity is None:
            continue
        found.by_repository[repository_id] = found.by_repository.get(repository_id, 0) + count
        found.by_group[group] = found.by_group.get(group, 0) + count
        found.by_severity[severity] = found.by_severity.get(severity, 0) + count
    return found


async def recent_reviews(
    session: AsyncSession,
    among: Collection[int] | None = None,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> list[ReviewLine]:
    """The newest reviews below an id, of these repositories or of all."""
    rows = await session.execute(
        select(ReviewRecord, PullRequest, Repository)
        .join(PullRequest, PullRequest.id == ReviewRecord.pull_request_id)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(
            below(ReviewRecord.id, before),
            *_within(ReviewRecord.repository_id, among),
        )
        .order_by(ReviewRecord.id.desc())
        .limit(limit)
    )
    return [ReviewLine(*row) for row in rows]


async def pull_requests(
    session: AsyncSession,
    repository_id: int,
    *,
    state: str = "",
    before: int | None = None,
    limit: int = PAGE,
) -> list[PullRequestLine]:
    """The pull requests of a repository below a number, the newest first."""
    query = select(PullRequest).where(
        PullRequest.repository_id == repository_id,
        below(PullRequest.number, before),
    )
    if state:
        query = query.where(PullRequest.state == PullRequestState(state))
    found = list(await session.scalars(query.order_by(PullRequest.number.desc()).limit(limit)))
    fates = await _fates(session, [one.id for one in found])
    return [
        PullRequestLine(one, *(fates.get((one.id, state), 0) for state in FindingState))
        for one in found
    ]


async def reviews(session: AsyncSession, pull_request_id: int) -> list[ReviewRecord]:
    """The reviews of a pull request, the newest first."""
    found = await session.scalars(
        select(ReviewRecord)
        .where(ReviewRecord.pull_request_id == pull_request_id)
        .order_by(ReviewRecord.generation.desc())
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
    """The findings that this review was the first or the last to report, or to see fixed."""
    found = await session.scalars(
        select(FindingRecord)
        .where(
            (FindingRecord.last_review_id == review_id)
            | (FindingRecord.first_review_id == review_id)
        )
        .order_by(FindingRecord.path, FindingRecord.line, FindingRecord.id)
        .limit(MOST)
    )
    return list(found)


async def of_rule(
    session: AsyncSession, rule: str, now: datetime, among: Collection[int] | None = None
) -> RuleHistory:
    """What is remembered of a rule in these repositories, or in all."""
    states = await session.execute(
        select(FindingRecord.state, func.count())
        .where(FindingRecord.rule == rule, *_within(FindingRecord.repository_id, among))
        .group_by(FindingRecord.state)
    )
    return RuleHistory(
        {state.value: count for state, count in states},
        await votes.of_rule(session, rule, now, among),
        await dismissals.newest(session, among, rule),
    )


async def deliveries(
    session: AsyncSession, *, state: str = "", before: str = "", limit: int = PAGE
) -> list[DeliveryLine]:
    """The newest deliveries, or those before one of a GUID; their payloads are not read."""
    at = await _received_at(session, before) if before else END_OF_TIME
    if at is None:  # It is so old that it was forgotten, and all before it too.
        return []
    query = select(
        Delivery.guid,
        Delivery.event,
        Delivery.action,
        Delivery.state,
        Delivery.attempts,
        Delivery.redeliveries,
        Delivery.received_at,
        Delivery.done_at,
        Delivery.error,
        Repository,
    ).outerjoin(Repository, Repository.id == Delivery.repository_id)
    if state:
        query = query.where(Delivery.state == DeliveryState(state))
    query = query.where(
        Delivery.received_at <= at, (Delivery.received_at < at) | (Delivery.guid < before)
    )
    rows = await session.execute(
        query.order_by(Delivery.received_at.desc(), Delivery.guid.desc()).limit(limit)
    )
    return [DeliveryLine(*row) for row in rows]


async def _received_at(session: AsyncSession, guid: str) -> datetime | None:
    return await session.scalar(select(Delivery.received_at).where(Delivery.guid == guid))


async def waiting(session: AsyncSession) -> Waiting:
    """What is not done yet."""
    states = await session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.state.in_((DeliveryState.RECEIVED, DeliveryState.FAILED)))
        .group_by(Delivery.state)
    )
    counts = dict(states.all())
    due = await session.scalar(
        select(func.count()).select_from(PullRequest).where(PullRequest.due_at.is_not(None))
    )
    return Waiting(
        counts.get(DeliveryState.RECEIVED, 0), counts.get(DeliveryState.FAILED, 0), due or 0
    )


async def _open_pulls(session: AsyncSession, among: Collection[int] | None) -> dict[int, int]:
    rows = await session.execute(
        select(PullRequest.repository_id, func.count())
        .where(
            PullRequest.state == PullRequestState.OPEN,
            *_within(PullRequest.repository_id, among),
        )
        .group_by(PullRequest.repository_id)
    )
    return dict(rows.all())


async def _fates(
    session: AsyncSession, ids: Collection[int]
) -> dict[tuple[int, FindingState], int]:
    rows = await session.execute(
        select(FindingRecord.pull_request_id, FindingRecord.state, func.count())
        .where(FindingRecord.pull_request_id.in_(ids))
        .group_by(FindingRecord.pull_request_id, FindingRecord.state)
    )
    return {(pull_request_id, state): count for pull_request_id, state, count in rows}


def _within(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    ids: Collection[int] | None,
) -> list[ColumnElement[bool]]:
    return [] if ids is None else [column.in_(ids)]
