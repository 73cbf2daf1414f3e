"""What the people of a repository decided to live with, and until when. No function commits."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import audit
from app.db.audit import Deed
from app.db.insert import insert_into
from app.models import (
    Dismissal,
    DismissalScope,
    FindingRecord,
    FindingState,
    PullRequest,
    PullRequestState,
    Repository,
)

_RAW = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class DismissalFacts:
    """A dismissal as it is given; `given_in` names the comment, with its kind."""

    repository_id: int
    number: int
    scope: DismissalScope
    rule: str
    path: str
    fingerprint: str
    reason: str
    dismissed_by: str
    given_in: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DismissalLine:
    """A dismissal with the repository that it is in."""

    dismissal: Dismissal
    repository: Repository


async def record(session: AsyncSession, facts: DismissalFacts, now: datetime) -> bool:
    """Remember a dismissal; False when this comment gave it before."""
    statement = insert_into(session, Dismissal).values(**asdict(facts), created_at=now)
    made = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=[Dismissal.given_in]).returning(
            Dismissal.id
        )
    )
    if made is not None:
        detail = f"{facts.rule} for the {facts.scope.value}, {facts.path}: {facts.reason}"
        where = (facts.repository_id, facts.number)
        await audit.record(session, Deed(facts.dismissed_by, "dismissal", detail, *where), now)
    return made is not None


async def active(session: AsyncSession, repository_id: int, now: datetime) -> list[Dismissal]:
    """What holds in a repository now, the newest first."""
    found = await session.scalars(
        select(Dismissal)
        .where(
            Dismissal.repository_id == repository_id,
            Dismissal.restored_at.is_(None),
            Dismissal.expires_at > now,
        )
        .order_by(Dismissal.id.desc()),
        execution_options={"populate_existing": True},
    )
    return list(found)


async def newest(
    session: AsyncSession, among: Collection[int] | None = None, rule: str = "", limit: int = 20
) -> list[DismissalLine]:
    """What was last decided in these repositories or in all, what ended with it."""
    query = select(Dismissal, Repository).join(Repository, Repository.id == Dismissal.repository_id)
    if among is not None:
        query = query.where(Dismissal.repository_id.in_(among))
    if rule:
        query = query.where(Dismissal.rule == rule)
    rows = await session.execute(query.order_by(Dismissal.id.desc()).limit(limit))
    return [DismissalLine(*row) for row in rows]


async def ended_for(session: AsyncSession, since: datetime, until: datetime) -> list[PullRequest]:
    """Open pull requests with findings whose dismissal came to its day after `since`."""
    same_rule = FindingRecord.rule == Dismissal.rule
    covers = or_(
        and_(
            Dismissal.scope == DismissalScope.FINDING,
            FindingRecord.fingerprint == Dismissal.fingerprint,
        ),
        and_(
            Dismissal.scope == DismissalScope.PATH,
            same_rule,
            FindingRecord.path == Dismissal.path,
        ),
        and_(Dismissal.scope == DismissalScope.REPOSITORY, same_rule),
    )
    dismissed = (
        select(FindingRecord.pull_request_id)
        .join(PullRequest, PullRequest.id == FindingRecord.pull_request_id)
        .join(Dismissal, Dismissal.repository_id == PullRequest.repository_id)
        .where(
            FindingRecord.state == FindingState.DISMISSED,
            Dismissal.restored_at.is_(None),
            Dismissal.expires_at > since,
            Dismissal.expires_at <= until,
            covers,
        )
    )
    found = await session.scalars(
        select(PullRequest)
        .where(
            PullRequest.id.in_(dismissed),
            PullRequest.state == PullRequestState.OPEN,
            PullRequest.paused.is_(False),
        )
        .order_by(PullRequest.id),
        execution_options={"populate_existing": True},
    )
    return list(found)


async def restore(session: AsyncSession, ids: Collection[int], login: str, now: datetime) -> None:
    """End dismissals before their day."""
    await session.execute(
        update(Dismissal)
        .where(Dismissal.id.in_(ids), Dismissal.restored_at.is_(None))
        .values(restored_at=now, restored_by=login),
        execution_options=_RAW,
    )


async def set_fates(
    session: AsyncSession,
    pull_request_id: int,
    *,
    dismissed: Mapping[str, tuple[str | None, str | None]],
    reopened: Collection[str],
) -> None:
    """Record which findings are dismissed, by fingerprint, with whom and why; and which not any more."""
    mine = update(FindingRecord).where(FindingRecord.pull_request_id == pull_request_id)
    for fingerprint, (who, reason) in sorted(dismissed.items()):
        await session.execute(
            mine.where(FindingRecord.fingerprint == fingerprint).values(
                state=FindingState.DISMISSED, dismissed_by=who, dismissed_reason=reason
            ),
            execution_options=_RAW,
        )
    for fingerprint in sorted(reopened):
        await session.execute(
            mine.where(
                FindingRecord.fingerprint == fingerprint,
                FindingRecord.state == FindingState.DISMISSED,
            ).values(state=FindingState.OPEN, dismissed_by=None, dismissed_reason=None),
            execution_options=_RAW,
        )
