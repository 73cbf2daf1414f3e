"""How an attempt ends that does not end with a review: quietly, later, or for good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from app.db import commands, leftovers, pull_requests, repositories
from app.github.errors import ArchivedError, GitHubError, TerminalError
from app.models import CommandState, ReviewState
from worker.publishing.posting import granting
from worker.publishing.writer import react

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.github.checks import Conclusion
    from app.github.errors import PermissionMissingError
    from app.models import ReviewRecord
    from worker.publishing.standing import Target
    from worker.reviewing.attempt import Attempt

log = structlog.get_logger(__name__)

SUPERSEDED = "Superseded"
FAILED = "The review failed"
PAUSED = "Reviews are paused"
NOT_PERMITTED = "GitHub does not let us review this"
RESUME = "Somebody paused the reviews of this pull request. Comment `/resume` to go on."


async def settle(attempt: Attempt) -> None:
    """Nothing is to be done: the head was reviewed, or the pull request is closed or a draft."""
    async with attempt.work.database.read() as session:
        left = await leftovers.open_reviews(session, attempt.row.id)
    await conclude_left_open(attempt, left, "No review is wanted any more.")
    async with attempt.work.database.write() as session:
        await pull_requests.settle(session, attempt.row.id, attempt.owner, attempt.row.generation)
    attempt.well = True


async def say_paused(attempt: Attempt) -> None:
    """Conclude a check as skipped: one that a branch requires would be waited for without end."""
    publisher = attempt.work.publisher
    check = await publisher.start_check(attempt.target, uncertain=True)
    await publisher.conclude(attempt.target, check, "skipped", PAUSED, RESUME)
    await settle(attempt)


async def stand_down(attempt: Attempt, why: str) -> None:
    """End quietly because something newer is wanted, or nothing any more. It costs no attempt."""
    attempt.work.metrics.reviews.labels("superseded").inc()
    await _conclude_own(attempt, "skipped", SUPERSEDED, why, ReviewState.SUPERSEDED)
    async with attempt.work.database.write() as session:
        await pull_requests.release(session, attempt.row.id, attempt.owner)


async def not_permitted(attempt: Attempt, error: PermissionMissingError) -> None:
    """End until the owner grants what is missing: the check says what that is, where it may."""
    why = f"{NOT_PERMITTED}: {granting(error, 'more than it does')}."
    await give_up(attempt, "action_required", why, f"{error.message} ({error.needed or 'unknown'})")


async def give_up(attempt: Attempt, conclusion: Conclusion, why: str, error: str) -> None:
    """End for good: the check says why, and nothing is due until something new is wanted."""
    attempt.work.metrics.reviews.labels("given up").inc()
    if attempt.review_id is None:  # A check that a branch requires would be waited for without end.
        attempt.head_sha = attempt.head_sha or attempt.row.head_sha
        await _conclude(attempt, attempt.target, None, conclusion, FAILED, why)
    await _conclude_own(attempt, conclusion, FAILED, why, ReviewState.FAILED)
    async with attempt.work.database.write() as session:
        await pull_requests.fail(
            session, attempt.row.id, attempt.owner, attempt.row.generation, error, retry_at=None
        )
    attempt.well = False


async def conclude_left_open(
    attempt: Attempt,
    left: Sequence[ReviewRecord],
    why: str,
    state: ReviewState = ReviewState.SUPERSEDED,
) -> None:
    """Conclude the check runs of reviews whose attempts ended without a word.

    One whose check cannot be concluded now stays open, and is met again by the sweep.
    """
    failed = state is ReviewState.FAILED
    conclusion, title = ("failure", FAILED) if failed else ("skipped", SUPERSEDED)
    closed = [
        one.id
        for one in left
        if await _conclude(
            attempt,
            attempt.target_of(one.head_sha, one.generation),
            one.check_run_id,
            conclusion,
            title,
            why,
        )
    ]
    if closed:
        async with attempt.work.database.write() as session:
            await leftovers.close_reviews(session, closed, state, datetime.now(UTC))


async def answer_commands(attempt: Attempt, *, well: bool) -> None:
    """Say 🚀 or 😕 to the commands that asked for what has just ended."""
    async with attempt.work.database.read() as session:
        waiting = await commands.unfinished(session, attempt.row.id)
    for command in waiting:
        if command.created_at <= attempt.started_at:
            emoji = "rocket" if well else "confused"
            await react(attempt.repository, command.comment_id, emoji)
            async with attempt.work.database.write() as session:
                state = CommandState.DONE if well else CommandState.FAILED
                await commands.finish(session, command.comment_id, state, datetime.now(UTC))


async def _conclude_own(
    attempt: Attempt, conclusion: Conclusion, title: str, why: str, state: ReviewState
) -> None:
    """Conclude the check of this attempt and close its row, if it came so far."""
    if attempt.review_id is None:
        return
    target, check = attempt.target, attempt.check_run_id
    if await _conclude(attempt, target, check, conclusion, title, why):
        async with attempt.work.database.write() as session:
            await leftovers.close_reviews(session, [attempt.review_id], state, datetime.now(UTC))


async def _conclude(
    attempt: Attempt,
    target: Target,
    check_run_id: int | None,
    conclusion: Conclusion,
    title: str,
    why: str,
) -> bool:
    """Whether no check run of this review is in progress any more.

    A check run whose making was not recorded is looked for: GitHub may have it all the same.
    """
    publisher = attempt.work.publisher
    try:
        check = check_run_id or await publisher.start_check(target, uncertain=True)
        await publisher.conclude(target, check, conclusion, title, why)
    except ArchivedError:  # Who opens it again finds the check in progress: the sweep ends it then.
        async with attempt.work.database.write() as session:
            await repositories.archive(session, attempt.row.repository_id)
        return False
    except TerminalError:
        return True
    except GitHubError as error:
        log.warning("check run not concluded", error=error.message, **attempt.names)
        return False
    return True
