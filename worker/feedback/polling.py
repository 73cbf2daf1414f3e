"""Asking for 👍 and 👎 on our comments: GitHub tells nobody of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.db import rounds, votes
from app.github import comments
from app.github.errors import GitHubError, RateLimitedError
from worker.work import new_owner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.models import PullRequest, Repository
    from worker.work import Work

log = structlog.get_logger(__name__)

NAME = "votes"
LEAST = timedelta(minutes=50)
"""Between two looks at the same comments."""
MOST = 50
"""Pull requests of one round: as many requests, of the 5,000 that an installation has an hour."""


async def poll_votes(work: Work, *, least: timedelta = LEAST) -> None:
    """Read the votes of the pull requests that were longest not asked for, if no other does."""
    owner, now = new_owner(), datetime.now(UTC)
    async with work.database.write() as session:
        if not await rounds.claim(session, NAME, owner, now, lease=work.lease, least=least):
            return
        rows = await votes.due(session, now, least=least, limit=MOST)
    limited: set[int] = set()
    try:
        for row, home in rows:
            if home.installation_id not in limited:
                await _read(work, row, home, limited)
    finally:
        async with work.database.write() as session:
            await rounds.finish(session, NAME, owner, None)


async def _read(work: Work, row: PullRequest, home: Repository, limited: set[int]) -> None:
    """The votes of one pull request; where they cannot be had, they are looked for next time."""
    given: votes.Votes = {}
    try:
        listed = await comments.on_lines(work.repository(home), row.number)
    except RateLimitedError:
        limited.add(home.installation_id)
        return
    except GitHubError as error:
        log.info("votes not read", repository=home.id, reason=error.message)
    else:
        given = {one.id: one.votes for one in listed}
    async with work.database.write() as session:
        tell(await votes.record(session, row, given, datetime.now(UTC)))


def tell(demoted: Iterable[votes.Precision]) -> None:
    """Tell the operator of rules that have lost their place on the lines of a repository."""
    for one in demoted:
        log.warning(
            "rule demoted to the summary",
            repository=one.repository_id,
            rule=one.rule,
            up=one.up,
            down=one.down,
        )
