"""When people have found a rule wrong often enough in one repository."""

from datetime import UTC, datetime, timedelta

import pytest

from app.db import pull_requests, votes
from app.db.engine import Database
from app.models import Vote
from tests.app.rows import add_pull_request


@pytest.mark.parametrize(
    ("up", "down", "demoted"),
    [(9, 11, True), (10, 10, False), (0, 19, False), (0, 20, True), (0, 0, False)],
)
def test_a_rule_is_demoted_by_most_of_at_least_twenty(up: int, down: int, demoted: bool):
    assert votes.Precision(1, "SEC101", up, down).demoted is demoted


async def test_old_votes_are_forgotten(database: Database):
    now = datetime.now(UTC)
    async with database.write() as session:
        number = await add_pull_request(session)
        row = await pull_requests.get(session, number)
        assert row is not None
        for comment, days in ((1, 400), (2, 10)):
            session.add(
                Vote(
                    comment_id=comment,
                    repository_id=row.repository_id,
                    pull_request_id=number,
                    rule="SEC101",
                    up=0,
                    down=12,
                    created_at=now - timedelta(days=days),
                )
            )
        await session.flush()
        (line,) = await votes.lines(session, now)
        assert (line.precision.down, line.precision.demoted) == (12, False)
