"""Taking pull requests that are due, one after the other, and deciding what comes after each."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.db import installations, leftovers, pull_requests, repositories
from app.github.errors import (
    AmbiguousError,
    PermissionMissingError,
    RateLimitedError,
    SuspendedError,
    TerminalError,
    TransientError,
    UnauthorizedError,
)
from worker.git.command import NotARepositoryError
from worker.git.fetch import CommitNotFoundError, FetchError, RepositoryNotFoundError
from worker.lease import LeaseLostError, held
from worker.reviewing import ending
from worker.reviewing.attempt import Attempt, StandDownError
from worker.reviewing.stages import HeadMovedError, review
from worker.work import later, new_owner

if TYPE_CHECKING:
    from app.models import PullRequest
    from worker.work import Work

log = structlog.get_logger(__name__)

AGAIN = timedelta(seconds=1)
"""Until GitHub's reads agree with each other about a head."""


async def review_due(work: Work) -> None:
    """Review what is due, unless enough others do already."""
    if not await work.drain(work.reviews, lambda: _review_next(work)):
        await work.wake_reviews(datetime.now(UTC))


async def _review_next(work: Work) -> bool:
    """Review the pull request that is longest due; False when there is none."""
    owner = new_owner()
    async with work.database.write() as session:
        claimed = await pull_requests.claim_due(
            session,
            owner,
            datetime.now(UTC),
            lease=work.lease,
            quiet=work.quiet,
            max_attempts=work.settings.max_attempts,
        )
    for row in claimed:
        await _hold(work, row, owner)
    return bool(claimed)


async def _hold(work: Work, row: PullRequest, owner: str) -> None:
    async def renew(now: datetime) -> bool:
        async with work.database.write() as session:
            return await pull_requests.renew(session, row.id, owner, now, lease=work.lease)

    attempt = await _attempt(work, row, owner)
    if attempt is None:
        return
    try:
        with work.metrics.under_way.track_inprogress():
            async with held(renew, work.lease):
                await _take(attempt)
    except LeaseLostError:
        # The heart may beat once more just after the lease was given back: then all is well.
        if attempt.well is None:
            log.warning("lease lost", **attempt.names)
    except asyncio.CancelledError:
        # The worker stops: the next one goes on at once instead of after the lease.
        await asyncio.shield(_release(attempt))
        raise
    if attempt.well is not None:
        await ending.answer_commands(attempt, well=attempt.well)


async def _attempt(work: Work, row: PullRequest, owner: str) -> Attempt | None:
    """An attempt at the pull request; None when it cannot be reached, and nothing is due then."""
    async with work.database.read() as session:
        reachable = await leftovers.is_reachable(session, row.repository_id)
        repository = await repositories.get(session, row.repository_id)
    if repository is not None and reachable:
        return Attempt(work, row, owner, work.repository(repository))
    async with work.database.write() as session:
        await pull_requests.park(session, row.id)
        await pull_requests.release(session, row.id, owner)
    return None


async def _release(attempt: Attempt) -> None:
    async with attempt.work.database.write() as session:
        await pull_requests.release(session, attempt.row.id, attempt.owner)


async def _take(attempt: Attempt) -> None:
    try:
        async with asyncio.timeout(attempt.work.settings.review_timeout_seconds):
            await review(attempt)
    except StandDownError:
        await ending.stand_down(attempt, "Something newer is wanted of this pull request.")
    except HeadMovedError:
        await _defer(attempt, "the head moved", datetime.now(UTC) + AGAIN)
    except LeaseLostError:
        raise
    except TimeoutError:
        await ending.give_up(attempt, "timed_out", "The review took too long.", "timed out")
    except Exception as error:  # noqa: BLE001 the outermost boundary of a review
        await _failed(attempt, error)
    else:
        log.info("reviewed", **attempt.names, **attempt.timings)


async def _failed(attempt: Attempt, error: Exception) -> None:
    """Decide by the error: later, never, or a few times more."""
    said = str(error) or type(error).__name__
    match error:
        case RateLimitedError():
            await _defer(attempt, said, error.retry_at)
        case SuspendedError():
            await _suspend(attempt)
        case PermissionMissingError():
            log.warning("not granted", reason=said, needed=error.needed, **attempt.names)
            await ending.not_permitted(attempt, error)
        case TerminalError() | RepositoryNotFoundError():
            log.info("gone", reason=said, **attempt.names)
            await ending.settle(attempt)
        case CommitNotFoundError():
            await _try_again(attempt, said)
        case (
            AmbiguousError()
            | TransientError()
            | UnauthorizedError()
            | FetchError()
            | NotARepositoryError()  # Another review found the mirror damaged and replaced it.
            | SQLAlchemyError()
        ):
            log.warning("deferred", reason=said, **attempt.names)
            await _defer(attempt, said, later(attempt.row.attempts))
        case _:
            log.error("review failed", exc_info=error, **attempt.names)
            await _try_again(attempt, f"{type(error).__name__}: {said}")


async def _defer(attempt: Attempt, why: str, until: datetime) -> None:
    """Go on when GitHub is well again, however often it takes."""
    work = attempt.work
    work.metrics.reviews.labels("deferred").inc()
    async with work.database.write() as session:
        await leftovers.defer_review(
            session,
            attempt.row,
            attempt.owner,
            why,
            retry_at=until,
            most=work.settings.max_attempts - 1,
        )
    await work.wake_reviews(until)


async def _try_again(attempt: Attempt, error: str) -> None:
    """Try a few times more, for it may be our own fault, and then say so."""
    work, row = attempt.work, attempt.row
    if row.attempts >= work.settings.max_attempts:
        why = "Something went wrong on our side. Comment `/recheck` to try again."
        await ending.give_up(attempt, "failure", why, error)
        return
    until = later(row.attempts)
    async with work.database.write() as session:
        await pull_requests.fail(
            session, row.id, attempt.owner, row.generation, error, retry_at=until
        )
    await work.wake_reviews(until)


async def _suspend(attempt: Attempt) -> None:
    """GitHub gives no token: the installation is suspended or gone, which an event may not say."""
    row = attempt.row
    async with attempt.work.database.write() as session:
        await installations.suspend(session, attempt.repository.installation_id, datetime.now(UTC))
        await pull_requests.park(session, row.id)
        await pull_requests.release(session, row.id, attempt.owner)
    log.warning("installation suspended", installation=attempt.repository.installation_id)
