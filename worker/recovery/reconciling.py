"""A round of looking for what was lost, done by one worker of all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.db import rounds
from app.github.errors import GitHubError
from worker.lease import LeaseLostError, held
from worker.recovery.missed import redeliver_missed
from worker.recovery.suspended import look_at_the_suspended
from worker.recovery.unreviewed import SETTLE, want_unreviewed
from worker.work import new_owner

if TYPE_CHECKING:
    from worker.work import Work

log = structlog.get_logger(__name__)

NAME = "reconcile"
LEAST = timedelta(seconds=30)
"""Between two rounds: workers that start together do not all look."""


async def reconcile(work: Work, *, least: timedelta = LEAST, settle: timedelta = SETTLE) -> bool:
    """Ask for lost deliveries and look at open pull requests; False when another does it.

    What GitHub refuses now is looked for in the next round.
    """
    owner = new_owner()
    async with work.database.write() as session:
        now = datetime.now(UTC)
        taken = await rounds.claim(session, NAME, owner, now, lease=work.lease, least=least)
    if taken is None:
        return False

    async def renew(now: datetime) -> bool:
        async with work.database.write() as session:
            return await rounds.renew(session, NAME, owner, now, lease=work.lease)

    until: datetime | None = None
    try:
        async with held(renew, work.lease):
            await look_at_the_suspended(work)
            await want_unreviewed(work, settle)
            until = await redeliver_missed(work, taken.examined_until)
    except GitHubError as error:
        log.warning("reconciliation put off", reason=error.message)
    except LeaseLostError:
        log.warning("reconciliation lost its lease")
    finally:
        async with work.database.write() as session:
            await rounds.finish(session, NAME, owner, until)
    return True
