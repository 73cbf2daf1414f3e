"""Finding work that no wake-up announced, and what crashed workers left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from app.db import commands, deliveries, leftovers, pull_requests, repositories
from app.models import CommandState, ReviewState
from app.queue import wake
from worker.feedback.ended import tell_what_ended
from worker.reviewing import ending
from worker.reviewing.attempt import Attempt
from worker.work import new_owner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.models import PullRequest, ReviewRecord
    from worker.work import Work

log = structlog.get_logger(__name__)

GAVE_UP = "Every attempt ended without an answer. Comment `/recheck` to try again."


async def sweep_up(work: Work) -> None:
    """Give up what used up its attempts, end what was left open, wake everybody up."""
    now = datetime.now(UTC)
    most = work.settings.max_attempts
    async with work.database.write() as session:
        await deliveries.give_up_exhausted(session, now, max_attempts=most)
        await pull_requests.give_up_exhausted(session, now, max_attempts=most)
    await tell_what_ended(work)
    await wake(work.queue, "take_deliveries")
    for _ in range(work.settings.worker_concurrency):
        await wake(work.queue, "review_pull_requests")
    async with work.database.read() as session:
        abandoned = await leftovers.abandoned(session, now)
    for row in abandoned:
        await _end(work, row)


async def _forget(work: Work, row: PullRequest, left: Sequence[ReviewRecord]) -> None:
    """Close what was left open where nobody can be told of it: the repository is not ours any more."""
    now = datetime.now(UTC)
    async with work.database.write() as session:
        ids = [one.id for one in left]
        await leftovers.close_reviews(session, ids, ReviewState.SUPERSEDED, now)
        for command in await commands.unfinished(session, row.id):
            await commands.finish(session, command.comment_id, CommandState.FAILED, now)


async def _end(work: Work, row: PullRequest) -> None:
    """Say how the reviews of a pull request ended on which nobody works any more."""
    async with work.database.read() as session:
        repository = await repositories.get(session, row.repository_id)
        reachable = await leftovers.is_reachable(session, row.repository_id)
        left = await leftovers.open_reviews(session, row.id)
        # Read last: what makes an installation reachable again wants its reviews in the same moment.
        idle = await leftovers.is_abandoned(session, row.id, datetime.now(UTC))
    if repository is None or repository.removed_at is not None:
        await _forget(work, row, left)
        return
    if not (reachable and idle):
        return
    attempt = Attempt(work, row, new_owner(), work.repository(repository))
    failed = row.last_error is not None
    log.info("ending what was left open", failed=failed, **attempt.names)
    await ending.conclude_left_open(
        attempt,
        left,
        GAVE_UP if failed else "No review is wanted any more.",
        ReviewState.FAILED if failed else ReviewState.SUPERSEDED,
    )
    await ending.answer_commands(attempt, well=not failed)
