"""What was left behind: reviews that nobody works on, work that waits for GitHub. Never commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.reviews import FINAL
from app.models import (
    CommandRecord,
    CommandState,
    Delivery,
    Installation,
    PullRequest,
    PullRequestState,
    Repository,
    ReviewRecord,
    ReviewState,
)

_FRESH = {"populate_existing": True}
_RAW = {"synchronize_session": False}
_FREE = {"lease_owner": None, "leased_until": None}


async def open_reviews(session: AsyncSession, pull_request_id: int) -> list[ReviewRecord]:
    """Reviews of a pull request whose end was not recorded, the oldest first."""
    found = await session.scalars(
        select(ReviewRecord)
        .where(ReviewRecord.pull_request_id == pull_request_id, ReviewRecord.state.not_in(FINAL))
        .order_by(ReviewRecord.generation),
        execution_options=_FRESH,
    )
    return list(found)


async def may_have_published(session: AsyncSession, pull_request_id: int) -> bool:
    """Whether an attempt began since the last review that was recorded to its end."""
    mine = ReviewRecord.pull_request_id == pull_request_id
    done = (
        select(func.coalesce(func.max(ReviewRecord.generation), -1))
        .where(mine, ReviewRecord.state == ReviewState.DONE)
        .scalar_subquery()
    )
    later = select(ReviewRecord.id).where(mine, ReviewRecord.generation > done).limit(1)
    return await session.scalar(later) is not None


async def has_unrecorded(session: AsyncSession, pull_request_id: int, review_id: int) -> bool:
    """Whether another attempt than this one ended, at any time, without a record of what it said."""
    others = select(ReviewRecord.id).where(
        ReviewRecord.pull_request_id == pull_request_id,
        ReviewRecord.id != review_id,
        ReviewRecord.state != ReviewState.DONE,
    )
    return await session.scalar(others.limit(1)) is not None


async def abandoned(session: AsyncSession, now: datetime) -> list[PullRequest]:
    """Pull requests with such a review, or with a command that nobody answered.

    Only those on which nobody works and where nothing is due.
    """
    left_open = select(ReviewRecord.pull_request_id).where(ReviewRecord.state.not_in(FINAL))
    unanswered = select(CommandRecord.pull_request_id).where(
        CommandRecord.state == CommandState.RECEIVED
    )
    found = await session.scalars(
        select(PullRequest)
        .where(
            or_(PullRequest.id.in_(left_open), PullRequest.id.in_(unanswered)),
            PullRequest.due_at.is_(None),
            or_(PullRequest.leased_until.is_(None), PullRequest.leased_until <= now),
        )
        .order_by(PullRequest.id),
        execution_options=_FRESH,
    )
    return list(found)


async def is_abandoned(session: AsyncSession, pull_request_id: int, now: datetime) -> bool:
    """Whether nobody works on a pull request and nothing is due there."""
    found = await session.scalar(
        select(PullRequest.id).where(
            PullRequest.id == pull_request_id,
            PullRequest.due_at.is_(None),
            or_(PullRequest.leased_until.is_(None), PullRequest.leased_until <= now),
        )
    )
    return found is not None


async def close_reviews(
    session: AsyncSession, review_ids: Collection[int], state: ReviewState, now: datetime
) -> None:
    """Record how reviews ended of which nothing was said."""
    await session.execute(
        update(ReviewRecord)
        .where(ReviewRecord.id.in_(review_ids), ReviewRecord.state.not_in(FINAL))
        .values(state=state, finished_at=now),
        execution_options=_RAW,
    )


async def unreviewed(session: AsyncSession, installation_id: int) -> list[PullRequest]:
    """Open pull requests of an installation whose present head was not reviewed, or not again.

    Again, where somebody asked for it and was not answered.
    """
    asked = select(CommandRecord.pull_request_id).where(
        CommandRecord.state == CommandState.RECEIVED
    )
    found = await session.scalars(
        select(PullRequest)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(
            Repository.installation_id == installation_id,
            Repository.removed_at.is_(None),
            PullRequest.state == PullRequestState.OPEN,
            or_(
                PullRequest.reviewed_head_sha.is_distinct_from(PullRequest.head_sha),
                PullRequest.id.in_(asked),
            ),
        )
        .order_by(PullRequest.id),
        execution_options=_FRESH,
    )
    return list(found)


async def of_head(session: AsyncSession, repository_id: int, head_sha: str) -> list[PullRequest]:
    """Open pull requests of a repository, or of forks into it, with this head."""
    found = await session.scalars(
        select(PullRequest)
        .where(
            PullRequest.repository_id == repository_id,
            PullRequest.state == PullRequestState.OPEN,
            PullRequest.head_sha == head_sha,
        )
        .order_by(PullRequest.id),
        execution_options=_FRESH,
    )
    return list(found)


async def due_of_installation(session: AsyncSession, installation_id: int) -> list[PullRequest]:
    """Pull requests of an installation for which something is due."""
    found = await session.scalars(
        select(PullRequest)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(Repository.installation_id == installation_id, PullRequest.due_at.is_not(None))
        .order_by(PullRequest.id),
        execution_options=_FRESH,
    )
    return list(found)


async def is_reachable(session: AsyncSession, repository_id: int) -> bool:
    """Whether the App still has the repository, and its installation is neither gone nor asleep."""
    found = await session.scalar(
        select(Repository.id)
        .join(Installation, Installation.id == Repository.installation_id)
        .where(
            Repository.id == repository_id,
            Repository.removed_at.is_(None),
            Repository.archived.is_(False),
            Installation.suspended_at.is_(None),
            Installation.deleted_at.is_(None),
        )
    )
    return found is not None


async def defer_review(
    session: AsyncSession,
    row: PullRequest,
    owner: str,
    error: str,
    *,
    retry_at: datetime,
    most: int,
) -> None:
    """Give the lease back until GitHub is well again: `most` is what attempts count up to.

    What became wanted since keeps its own time.
    """
    ours = PullRequest.generation == row.generation
    await session.execute(
        update(PullRequest)
        .where(PullRequest.id == row.id, PullRequest.lease_owner == owner)
        .values(
            **_FREE,
            due_at=case((ours, retry_at), else_=PullRequest.due_at),
            attempts=case((PullRequest.attempts > most, most), else_=PullRequest.attempts),
            last_error=error[:2_000],
        ),
        execution_options=_RAW,
    )


async def defer_delivery(
    session: AsyncSession, guid: str, owner: str, error: str, *, retry_at: datetime, most: int
) -> None:
    """The same for a delivery."""
    await session.execute(
        update(Delivery)
        .where(Delivery.guid == guid, Delivery.lease_owner == owner)
        .values(
            **_FREE,
            due_at=retry_at,
            attempts=case((Delivery.attempts > most, most), else_=Delivery.attempts),
            error=error[:2_000],
        ),
        execution_options=_RAW,
    )


async def remember(
    session: AsyncSession,
    pull_request_id: int,
    *,
    state: PullRequestState,
    draft: bool,
    title: str,
    head_sha: str,
    base_ref: str,
    base_sha: str,
) -> None:
    """Take what GitHub's API says now over what its events said, which come in any order."""
    await session.execute(
        update(PullRequest)
        .where(PullRequest.id == pull_request_id)
        .values(
            state=state,
            draft=draft,
            title=title,
            head_sha=head_sha,
            base_ref=base_ref,
            base_sha=base_sha,
        ),
        execution_options=_RAW,
    )
