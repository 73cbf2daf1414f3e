"""Stories of deliveries that never arrived."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx

from app.db import recoveries, repositories
from app.github.deliveries import Attempt
from app.models import RecoveryKind
from tests.worker.service import working
from tests.worker.test_whole_way import BOUND, INJECTION
from worker.recovery.missed import kept, missed
from worker.recovery.reconciling import reconcile

if TYPE_CHECKING:
    from tests.github.state import PullRequest
    from tests.worker.service import Service
    from worker.work import Work

AT_ONCE = timedelta(0)


def _open(service: Service) -> PullRequest:
    service.github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION})
    return service.github.pulls.open("alice/shop", "orders", author="bob")


async def _reconcile(work: Work) -> bool:
    return await reconcile(work, least=AT_ONCE, settle=AT_ONCE)


async def _recovered(service: Service) -> list[tuple[RecoveryKind, str, int | None, int]]:
    async with service.database.read() as session:
        lines = [line.recovery for line in await recoveries.recent(session)]
    return sorted((one.kind, one.event, one.number, one.attempts) for one in lines)


async def _nothing_on_the_way(service: Service) -> None:
    await asyncio.to_thread(service.github.webhooks.wait)


async def test_a_day_of_missed_webhooks_is_made_up_for(standing: Service):
    github = standing.github
    async with working(standing.settings) as work:
        pull = _open(standing)
        await standing.idle()
        github.webhooks.fail(times=100)
        github.pulls.push(pull, {"app/orders.py": BOUND})
        comment = github.comments.write(pull, "bob", "/recheck")
        await standing.idle()
        github.webhooks.faults.clear()
        assert len(await standing.reviews(pull)) == 1

        await _reconcile(work)
        await standing.idle()
        await _reconcile(work)
        await standing.idle()

    assert [one.content for one in comment.reactions] == ["eyes", "rocket"]
    assert standing.checks(pull)[-1].conclusion == "success"
    assert await _recovered(standing) == [
        (RecoveryKind.DELIVERY, "issue_comment created", None, 1),
        (RecoveryKind.DELIVERY, "pull_request synchronize", None, 1),
        (RecoveryKind.PULL_REQUEST, "found unreviewed", pull.number, 1),
    ]
    async with httpx.AsyncClient(base_url=str(standing.app.webhook_url)[: -len("/webhook")]) as web:
        history, metrics = (await web.get("/deliveries")).text, (await web.get("/metrics")).text
    assert f"pull request of alice/shop#{pull.number}, found unreviewed" in history
    assert "delivery of alice/shop, issue_comment created" in history
    assert 'backend_expert_recovered{kind="delivery"} 2.0' in metrics
    assert 'backend_expert_recovered{kind="pull request"} 1.0' in metrics


async def test_what_github_forgot_to_tell_is_found_on_its_pull_requests(standing: Service):
    github = standing.github
    github.repositories.commit("alice/shop", "next", {"README.md": "Next\n"})
    async with working(standing.settings) as work:
        told = _open(standing)
        await standing.idle()
        github.webhooks.fail(times=100)
        github.repositories.commit("alice/shop", "more", {"app/orders.py": INJECTION})
        untold = github.pulls.open("alice/shop", "more", author="bob")
        github.pulls.edit(told, base="next")
        await _nothing_on_the_way(standing)
        github.webhooks.deliveries.clear()
        github.webhooks.faults.clear()

        await _reconcile(work)
        await standing.idle()
        await _reconcile(work)
        await standing.idle()

    assert len(await standing.reviews(untold)) == 1
    assert len(await standing.reviews(told)) == 2
    assert await _recovered(standing) == [
        (RecoveryKind.PULL_REQUEST, "base changed", told.number, 1),
        (RecoveryKind.PULL_REQUEST, "found unreviewed", untold.number, 1),
    ]


async def test_a_new_name_that_nobody_told_of_is_learnt_with_the_push_that_nobody_told_of(
    standing: Service,
):
    github = standing.github
    async with working(standing.settings) as work:
        pull = _open(standing)
        await standing.idle()
        github.webhooks.fail(times=100)
        github.repositories.rename("alice/shop", "store")
        github.pulls.push(pull, {"app/orders.py": BOUND})
        await _nothing_on_the_way(standing)
        github.webhooks.deliveries.clear()
        github.webhooks.faults.clear()

        await _reconcile(work)
        await standing.idle()

    async with standing.database.read() as session:
        known = await repositories.get(session, pull.repository.id)
    assert known is not None
    assert (known.owner, known.name) == ("alice", "store")
    assert standing.checks(pull)[-1].conclusion == "success"
    assert f"/alice/store/commit/{pull.head_sha}" in pull.review_comments[0].body


async def test_a_repository_whose_end_nobody_told_of_is_forgotten(standing: Service):
    github = standing.github
    kept = github.repositories.create("alice/kept", {"README.md": "Kept\n"})
    github.apps.add_repositories(standing.installation, [kept])
    async with working(standing.settings) as work:
        pull = _open(standing)
        await standing.idle()
        github.webhooks.fail(times=100)
        github.repositories.delete("alice/shop")
        await _nothing_on_the_way(standing)
        github.webhooks.deliveries.clear()
        github.webhooks.faults.clear()
        github.faults.add(path=r"/alice/kept/pulls$", status=404, body={"message": "Not Found"})

        await _reconcile(work)

        async with standing.database.read() as session:
            gone = await repositories.get(session, pull.repository.id)
            there = await repositories.get(session, kept.id)
    assert gone is not None
    assert gone.removed_at is not None
    assert there is not None
    assert there.removed_at is None


async def test_one_worker_of_all_looks_and_a_refusal_is_tried_in_the_next_round(standing: Service):
    github = standing.github
    github.webhooks.fail("pull_request", times=1)
    pull = _open(standing)
    await _nothing_on_the_way(standing)
    github.faults.add(path=r"^/app/hook/deliveries$", status=502, times=100)

    async with working(standing.settings) as work:
        both = await asyncio.gather(reconcile(work), reconcile(work))
        again = await reconcile(work)
        assert (sorted(both), again) == ([False, True], False)
        assert await _recovered(standing) == []

        github.faults.clear()
        await _reconcile(work)
        await standing.idle()

    assert len(await standing.reviews(pull)) == 1
    assert len(pull.review_comments) == 1


def test_an_enterprise_server_keeps_deliveries_for_longer():
    addresses = ("https://api.github.com", "https://ghes.example/api/v3")

    assert [kept(address).days for address in addresses] == [3, 7]


def test_only_what_never_arrived_and_would_be_reacted_to_is_missed():
    now = datetime.now(UTC)

    def attempt(number: int, guid: str, status: str, code: int, event: str = "pull_request"):
        return Attempt(
            id=number, guid=guid, delivered_at=now, status=status, status_code=code,
            event=event, action="opened",
        )  # fmt: skip

    attempts = [
        attempt(6, "lost twice", "timed out", 504),
        attempt(5, "under way", "pending", 0),
        attempt(4, "arrived later", "OK", 202),
        attempt(3, "of no interest", "failed", 502, "star"),
        attempt(2, "arrived later", "failed", 502),
        attempt(1, "lost twice", "failed", 502),
    ]

    assert [one.id for one in missed(attempts)] == [6]
