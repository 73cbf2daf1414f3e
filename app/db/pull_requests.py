"""One pull request, one line of work: what is wanted of it, who holds it, what was reviewed.

No function commits. Every change of hands is a single UPDATE whose WHERE says from which state
it may happen, so two workers never both win.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, and_, case, false, literal, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.db.types import UtcDateTime
from app.models import PullRequest, PullRequestState

MAX_ERROR = 2_000
_RAW = {"synchronize_session": False}
_FRESH = {"synchronize_session": False, "populate_existing": True}
_FREE: dict[str, None] = {"lease_owner": None, "leased_until": None}


@dataclass(frozen=True, slots=True)
class PullRequestFacts:
    """What a payload or the API says of a pull request; `updated_at` is GitHub's own."""

    repository_id: int
    number: int
    state: PullRequestState
    draft: bool
    title: str
    author_login: str | None
    author_id: int | None
    head_sha: str
    base_ref: str
    base_sha: str
    updated_at: datetime


async def upsert(session: AsyncSession, facts: PullRequestFacts) -> int:
    """Remember what GitHub says; facts older than the known ones change nothing. Gives our id."""
    values = asdict(facts)
    statement = insert_into(session, PullRequest).values(
        **values, generation=0, attempts=0, wanted_full=False, paused=False
    )
    statement = statement.on_conflict_do_update(
        index_elements=[PullRequest.repository_id, PullRequest.number],
        set_={name: statement.excluded[name] for name in values},
        where=PullRequest.updated_at <= statement.excluded.updated_at,
    )
    known = await session.scalar(statement.returning(PullRequest.id))
    if known is None:
        known = await session.scalar(
            select(PullRequest.id).where(
                PullRequest.repository_id == facts.repository_id,
                PullRequest.number == facts.number,
            )
        )
    if known is None:
        raise LookupError(f"pull request {facts.number} vanished while it was stored")
    return known


async def want(
    session: AsyncSession,
    pull_request_id: int,
    *,
    head_sha: str,
    reason: str,
    now: datetime,
    full: bool = False,
    force: bool = False,
) -> int | None:
    """Ask for a review of `head_sha`; gives the new generation, None when it was asked for before.

    A quiet pull request is due at once, one that was started moments ago at the end of its time
    of debouncing. `force` asks again for the same head, as `/recheck` and a changed base do.
    `full` stays asked for until a review that began with it is finished.
    """
    pending = PullRequest.due_at.is_not(None)
    new = true() if force else PullRequest.wanted_head_sha.is_distinct_from(head_sha)
    statement = (
        update(PullRequest)
        .where(PullRequest.id == pull_request_id, new)
        .values(
            wanted_head_sha=head_sha,
            wanted_reason=reason,
            wanted_full=true() if full else case((pending, PullRequest.wanted_full), else_=false()),
            generation=PullRequest.generation + 1,
            due_at=case((PullRequest.quiet_until > now, PullRequest.quiet_until), else_=now),
            attempts=0,
            last_error=None,
        )
        .returning(PullRequest.generation)
    )
    return await session.scalar(statement, execution_options=_RAW)


async def park(session: AsyncSession, pull_request_id: int) -> None:
    """Want nothing any more (closed, deleted, paused); a review under way stands down.

    The wanted head is forgotten, so the next `want` is new even for the same head.
    """
    await session.execute(
        update(PullRequest)
        .where(PullRequest.id == pull_request_id)
        .values(
            generation=PullRequest.generation + 1,
            wanted_head_sha=None,
            wanted_reason=None,
            wanted_full=False,
            due_at=None,
            attempts=0,
        ),
        execution_options=_RAW,
    )


async def claim_due(
    session: AsyncSession,
    owner: str,
    now: datetime,
    *,
    lease: timedelta,
    quiet: timedelta,
    max_attempts: int,
    limit: int = 1,
) -> list[PullRequest]:
    """Take up to `limit` due pull requests, the longest due first, until the lease ends.

    `owner` must be unique to this claim. `quiet` is the time of debouncing that begins now.
    """
    free = and_(
        PullRequest.due_at <= now,
        PullRequest.attempts < max_attempts,
        or_(PullRequest.leased_until.is_(None), PullRequest.leased_until <= now),
    )
    first = (
        select(PullRequest.id)
        .where(free)
        .order_by(PullRequest.due_at, PullRequest.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("first")
    )
    claimed = await session.scalars(
        update(PullRequest)
        .where(PullRequest.id.in_(select(first.c.id)), free)
        .values(
            lease_owner=owner,
            leased_until=now + lease,
            quiet_until=now + quiet,
            attempts=PullRequest.attempts + 1,
        )
        .returning(PullRequest),
        execution_options=_FRESH,
    )
    return sorted(claimed, key=lambda row: (row.due_at or now, row.id))


async def renew(
    session: AsyncSession, pull_request_id: int, owner: str, now: datetime, *, lease: timedelta
) -> bool:
    """Hold a claimed pull request for longer; False when somebody else has it by now."""
    return await _changed(session, _mine(pull_request_id, owner).values(leased_until=now + lease))


async def is_current(
    session: AsyncSession, pull_request_id: int, owner: str, generation: int
) -> bool:
    """Whether `owner` still holds it and nothing newer is wanted: ask before every stage."""
    current = await session.scalar(
        select(PullRequest.id).where(
            PullRequest.id == pull_request_id,
            PullRequest.lease_owner == owner,
            PullRequest.generation == generation,
        )
    )
    return current is not None


async def release(session: AsyncSession, pull_request_id: int, owner: str) -> bool:
    """Stand down: give the lease back and leave what is due as it is. It costs no attempt."""
    statement = _mine(pull_request_id, owner).values(
        **_FREE,
        attempts=case((PullRequest.attempts > 0, PullRequest.attempts - 1), else_=0),
    )
    return await _changed(session, statement)


async def finish(
    session: AsyncSession,
    pull_request_id: int,
    owner: str,
    generation: int,
    *,
    head_sha: str,
    merge_base: str,
) -> bool:
    """Record what was reviewed and give the lease back; what became wanted since stays due.

    False when the pull request was no longer ours: then nothing is recorded.
    """
    statement = _mine(pull_request_id, owner).values(
        **_FREE,
        due_at=_unless_newer(generation),
        reviewed_head_sha=head_sha,
        reviewed_merge_base=merge_base,
        reviewed_generation=generation,
        last_error=None,
    )
    return await _changed(session, statement)


async def settle(session: AsyncSession, pull_request_id: int, owner: str, generation: int) -> bool:
    """Give the lease back because this generation needs no review; a newer one stays due."""
    statement = _mine(pull_request_id, owner).values(**_FREE, due_at=_unless_newer(generation))
    return await _changed(session, statement)


async def fail(
    session: AsyncSession,
    pull_request_id: int,
    owner: str,
    generation: int,
    error: str,
    *,
    retry_at: datetime | None,
) -> bool:
    """Give the lease back after a failure: due again at `retry_at`, or not at all when None.

    What became wanted since keeps its own time. False when it was no longer ours.
    """
    ours = PullRequest.generation == generation
    statement = _mine(pull_request_id, owner).values(
        **_FREE,
        due_at=case((ours, literal(retry_at, UtcDateTime)), else_=PullRequest.due_at),
        last_error=error[:MAX_ERROR],
    )
    return await _changed(session, statement)


async def give_up_exhausted(session: AsyncSession, now: datetime, *, max_attempts: int) -> int:
    """Stop trying what used up its attempts without a word, by taking its workers down."""
    statement = (
        update(PullRequest)
        .where(
            PullRequest.due_at.is_not(None),
            PullRequest.attempts >= max_attempts,
            or_(PullRequest.leased_until.is_(None), PullRequest.leased_until <= now),
        )
        .values(**_FREE, due_at=None, last_error="every attempt ended without an answer")
        .returning(PullRequest.id)
    )
    return len((await session.execute(statement, execution_options=_RAW)).all())


async def set_summary_comment(
    session: AsyncSession, pull_request_id: int, comment_id: int | None
) -> None:
    """Remember where the sticky summary stands."""
    await session.execute(
        update(PullRequest)
        .where(PullRequest.id == pull_request_id)
        .values(summary_comment_id=comment_id),
        execution_options=_RAW,
    )


async def set_paused(session: AsyncSession, pull_request_id: int, *, paused: bool) -> None:
    """Remember that reviews are paused, or go on."""
    await session.execute(
        update(PullRequest).where(PullRequest.id == pull_request_id).values(paused=paused),
        execution_options=_RAW,
    )


async def get(session: AsyncSession, pull_request_id: int) -> PullRequest | None:
    """The pull request with our id, read anew."""
    return await session.get(PullRequest, pull_request_id, populate_existing=True)


async def find(session: AsyncSession, repository_id: int, number: int) -> PullRequest | None:
    """The pull request of that number."""
    return await session.scalar(
        select(PullRequest).where(
            PullRequest.repository_id == repository_id, PullRequest.number == number
        ),
        execution_options={"populate_existing": True},
    )


def _mine(pull_request_id: int, owner: str) -> Update:
    return update(PullRequest).where(
        PullRequest.id == pull_request_id, PullRequest.lease_owner == owner
    )


def _unless_newer(generation: int) -> ColumnElement[datetime | None]:
    return case(
        (PullRequest.generation == generation, literal(None, UtcDateTime)),
        else_=PullRequest.due_at,
    )


async def _changed(session: AsyncSession, statement: Update) -> bool:
    rows = await session.execute(statement.returning(PullRequest.id), execution_options=_RAW)
    return rows.first() is not None
