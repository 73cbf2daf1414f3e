"""What holds when Redis, GitHub or the worker fails in the middle."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from app.db import deliveries
from app.db.deliveries import Arrival
from app.models import DeliveryState, ReviewState
from tests.github.faults import SECONDARY
from tests.worker.service import until, working
from tests.worker.test_whole_way import INJECTION

if TYPE_CHECKING:
    from tests.github.state import PullRequest
    from tests.worker.service import Service


def _open(service: Service) -> PullRequest:
    service.github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION})
    return service.github.pulls.open("alice/shop", "orders")


async def test_work_is_found_when_redis_forgot_everything(standing: Service):
    pull = _open(standing)
    await asyncio.to_thread(standing.github.webhooks.wait)
    async with Redis.from_url(standing.settings.redis_url) as redis:
        await redis.flushall()

    async with working(standing.settings):
        await standing.idle()

    assert [str(one.state) for one in await standing.reviews(pull)] == ["done"]


async def test_a_worker_that_is_stopped_gives_its_review_back_at_once(standing: Service):
    settings = standing.settings.model_copy(update={"lease_seconds": 300})
    github = standing.github
    github.faults.add(method="GET", path=r"/files", status=None, delay=1.0)
    pull = _open(standing)
    async with working(settings):
        await until(lambda: any(one.status == "in_progress" for one in standing.checks(pull)))
    row = await standing.row(pull)
    assert (row.lease_owner, row.attempts) == (None, 0)

    began = time.monotonic()
    async with working(settings):
        await standing.idle()

    assert time.monotonic() - began < settings.lease_seconds
    assert [run.conclusion for run in standing.checks(pull)] == ["failure"]
    assert len(pull.reviews) == 1


async def test_a_rate_limit_is_waited_for_in_sql_and_not_by_sleeping(service: Service):
    github = service.github
    body = {"message": SECONDARY}
    headers = {"Retry-After": "1"}
    github.faults.add(path=r"/compare/", status=403, body=body, headers=headers)
    pull = _open(service)
    await service.idle()

    (review,) = await service.reviews(pull)
    assert review.state is ReviewState.DONE
    assert [run.status for run in service.checks(pull)] == ["completed"]


async def test_a_passing_failure_of_github_is_tried_again(service: Service):
    service.github.faults.add(path=r"/pulls/1$", method="GET", status=502, times=4)
    pull = _open(service)
    await service.idle()

    assert [str(one.state) for one in await service.reviews(pull)] == ["done"]


async def test_a_review_that_was_stored_in_spite_of_an_error_is_not_posted_again(service: Service):
    service.github.faults.add(path=r"/pulls/1/reviews$", method="POST", status=502, when="after")
    pull = _open(service)
    await service.idle()

    assert len(pull.review_comments) == 1
    assert len(pull.reviews) == 1
    assert [str(one.state) for one in await service.reviews(pull)] == ["done"]


async def test_a_payload_that_cannot_be_read_is_kept_with_its_error(service: Service):
    now = datetime.now(UTC)
    poison = Arrival("a-guid", "pull_request", "opened", 1, 2, b'{"action": "opened"}')
    async with service.database.write() as session:
        await deliveries.accept(session, poison, now)
    await service.idle()

    async with service.database.read() as session:
        kept = await deliveries.get(session, "a-guid")
    assert kept is not None
    assert (kept.state, kept.payload) == (DeliveryState.FAILED, b'{"action": "opened"}')
    assert kept.error is not None
    assert "pull_request" in kept.error


async def test_a_review_that_always_fails_says_so_and_can_be_asked_for_again(standing: Service):
    settings = standing.settings.model_copy(update={"max_attempts": 1})
    fault = standing.github.faults.add(path=r"/files", status=422, times=1000)
    pull = _open(standing)
    async with working(settings):
        await standing.idle()
        assert [run.conclusion for run in standing.checks(pull)] == ["failure"]
        assert [str(one.state) for one in await standing.reviews(pull)] == ["failed"]

        fault.times = 0
        standing.github.comments.write(pull, "alice", "/recheck")
        await standing.idle()

    assert [str(one.state) for one in await standing.reviews(pull)] == ["failed", "done"]
