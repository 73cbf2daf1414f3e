"""What people think of our comments decides where a rule speaks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.models import FindingPlace, Vote
from tests.worker.service import working
from tests.worker.test_whole_way import INJECTION, UNVERIFIED
from worker.feedback.polling import poll_votes

if TYPE_CHECKING:
    from tests.github.state import PullRequest
    from tests.worker.service import Service


async def _votes(service: Service) -> list[tuple[str, int, int]]:
    async with service.database.read() as session:
        found = await session.scalars(select(Vote).order_by(Vote.rule))
        return [(one.rule, one.up, one.down) for one in found]


def _open(service: Service, branch: str, **files: str) -> PullRequest:
    service.github.repositories.commit("alice/shop", branch, files)
    return service.github.pulls.open("alice/shop", branch, author="bob")


async def test_a_rule_that_people_find_wrong_is_told_in_the_summary_only(standing: Service):
    service, github = standing, standing.github
    async with working(service.settings) as work:
        pull = _open(service, "orders", **{"app/orders.py": INJECTION})
        await service.idle()
        (comment,) = pull.review_comments
        for number in range(20):
            github.comments.react(comment, f"reader-{number}", "-1" if number < 11 else "+1")
        github.comments.react(comment, "carol", "heart")

        await poll_votes(work, least=timedelta(0))
        asked = len(github.requests)
        await poll_votes(work)
        assert (await _votes(service), len(github.requests)) == ([("SEC101", 9, 11)], asked)

        github.pulls.push(pull, {"README.md": "A shop\n"})
        other = _open(service, "more", **{"app/orders.py": INJECTION, "app/rates.py": UNVERIFIED})
        await service.idle()

    assert [one.id for one in pull.review_comments] == [comment.id]
    places = {one.rule: one.place for one in await service.findings(other)}
    assert places.pop("SEC101") is FindingPlace.SUMMARY
    assert places
    assert [one.original.path for one in other.review_comments] == ["app/rates.py"]
    (summary,) = service.comments(other)
    assert "`sql-injection` (SEC101) is told here only: of those who voted" in summary
    assert [run.conclusion for run in service.checks(other)] == ["failure"]


async def test_a_review_reads_the_votes_on_what_it_said_before(service: Service):
    pull = _open(service, "orders", **{"app/orders.py": INJECTION})
    await service.idle()
    service.github.comments.react(pull.review_comments[0], "bob", "+1")
    service.github.pulls.push(pull, {"README.md": "A shop\n"})
    await service.idle()

    assert await _votes(service) == [("SEC101", 1, 0)]
