"""Stories of what was away: the App put to sleep, our machines down for a day, a permission."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from sqlalchemy import update

from app.db import installations
from app.models import DeliveryState, PullRequest
from tests.github.state import PERMISSIONS
from tests.stories.fate import Fate, mortal
from tests.stories.seen import seen
from tests.worker.service import until, working
from tests.worker.test_whole_way import BOUND, INJECTION
from worker.recovery.reconciling import reconcile

if TYPE_CHECKING:
    from tests.github.state import PullRequest as Pull
    from tests.worker.service import Service
    from worker.work import Work

OPEN = [
    "check: failure, 1 critical",
    "summary: sql-injection at app/orders.py:8, open",
    "comment: sql-injection on app/orders.py, open",
]


def _open(service: Service, branch: str = "orders") -> Pull:
    service.github.repositories.commit("alice/shop", branch, {"app/orders.py": INJECTION})
    return service.github.pulls.open("alice/shop", branch, author="bob")


async def _reconcile(work: Work) -> None:
    await reconcile(work, least=timedelta(0), settle=timedelta(0))


async def test_an_app_that_is_suspended_in_the_middle(standing: Service):
    github = standing.github
    fault = github.faults.add(method="GET", path=r"/files", status=None, delay=0.5, times=1)
    async with working(standing.settings) as work:
        pull = _open(standing)
        while not fault.hits:  # noqa: ASYNC110 another thread counts
            await asyncio.sleep(0.01)
        github.apps.suspend(standing.installation)
        await standing.idle()
        assert pull.review_comments == []

        # Bob pushes meanwhile; nobody is told. The end of the suspension is told, but lost.
        github.pulls.push(pull, {"README.md": "# Shop\n"})
        github.webhooks.fail(times=10)
        github.apps.unsuspend(standing.installation)
        await asyncio.to_thread(github.webhooks.wait)
        github.webhooks.faults.clear()
        github.webhooks.deliveries.clear()
        await _reconcile(work)
        await standing.idle()

    assert seen(standing, pull) == OPEN
    assert {one.status for one in pull.repository.check_runs.values()} == {"completed"}
    async with standing.database.read() as session:
        awake = await installations.get(session, standing.installation.id)
    assert awake is not None
    assert awake.suspended_at is None


async def test_a_day_on_which_worker_and_valkey_are_down(standing: Service):
    github = standing.github
    async with working(standing.settings):
        before = _open(standing)
        await standing.idle()

    # Deliveries go on to arrive, and nothing keeps the wake-ups.
    github.pulls.push(before, {"app/orders.py": BOUND})
    during = _open(standing, "more")
    asked = github.comments.write(before, "alice", "/recheck")
    await asyncio.to_thread(github.webhooks.wait)
    async with Redis.from_url(standing.settings.redis_url) as redis:
        await redis.flushall()

    async with working(standing.settings):
        await standing.idle()

    assert seen(standing, before)[0] == "check: success, No findings"
    assert seen(standing, during) == OPEN
    assert [one.content for one in asked.reactions] == ["eyes", "rocket"]
    states = set((await standing.deliveries()).values())
    assert states <= {DeliveryState.DONE, DeliveryState.IGNORED}


async def test_a_worker_that_dies_when_it_has_spoken_and_a_push_that_repairs(standing: Service):
    github, fate = standing.github, Fate()
    github.faults.add(
        method="POST",
        path=r"/reviews$",
        status=None,
        happens=lambda: setattr(fate, "dead", True),
        times=1,
    )
    async with mortal(standing.settings, fate) as (_, worker):
        pull = _open(standing)
        await until(worker.done)
    assert len(pull.review_comments) == 1
    async with standing.database.write() as session:
        past = datetime.now(UTC) - timedelta(days=1)
        await session.execute(update(PullRequest).values(leased_until=past))

    # Nobody wrote down what was said. Bob repairs it on top of the base, and breaks it again.
    async with working(standing.settings):
        github.pulls.push(pull, {"app/orders.py": BOUND}, onto="main")
        await standing.idle()
        assert seen(standing, pull)[-1] == "comment: sql-injection on app/orders.py, closed, folded"

        github.pulls.push(pull, {"app/orders.py": INJECTION})
        await standing.idle()
    assert seen(standing, pull) == OPEN


async def test_a_permission_that_is_missing_is_named_and_its_grant_taken_up(service: Service):
    github, granted = service.github, service.installation
    github.apps.accept_permissions(
        granted, {name: level for name, level in PERMISSIONS.items() if name != "contents"}
    )
    pull = _open(service)
    await service.idle()
    (check,) = service.checks(pull)
    assert (check.conclusion, check.title) == ("action_required", "The review failed")
    assert "the installation must grant contents: read" in (check.summary or "")

    github.apps.accept_permissions(granted, PERMISSIONS)
    await service.idle()
    assert seen(service, pull) == OPEN


async def test_a_review_that_takes_too_long_says_so(standing: Service):
    settings = standing.settings.model_copy(update={"review_timeout_seconds": 1.0})
    github = standing.github
    fault = github.faults.add(method="GET", path=r"/files", status=None, delay=3.0, times=100)
    async with working(settings):
        pull = _open(standing)
        await standing.idle()
        assert seen(standing, pull) == ["check: timed_out, The review failed"]

    fault.times = 0
    github.comments.write(pull, "alice", "/recheck")
    async with working(standing.settings):
        await standing.idle()

    assert seen(standing, pull) == OPEN


async def test_a_repository_that_is_archived_during_a_review_and_opened_again(service: Service):
    github = service.github
    github.faults.add(
        path=r"/git-upload-pack$",
        status=None,
        happens=lambda: github.repositories.archive("alice/shop"),
    )
    pull = _open(service)
    await service.idle()
    assert [one.status for one in service.checks(pull)] == ["in_progress"]
    assert pull.review_comments == []

    github.repositories.archive("alice/shop", archived=False)
    await service.idle()
    await until(lambda: {one.status for one in service.checks(pull)} == {"completed"})

    assert seen(service, pull) == OPEN


async def test_a_check_left_in_progress_is_concluded_at_the_next_start(standing: Service):
    """A worker dies over a review, and its pull request is closed before another starts."""
    github = standing.github
    github.faults.add(method="GET", path=r"/files", status=None, delay=2.0)
    pull = _open(standing)
    async with working(standing.settings):
        while not standing.checks(pull):  # noqa: ASYNC110 another thread makes it
            await asyncio.sleep(0.01)
    github.pulls.close(pull)
    await asyncio.to_thread(github.webhooks.wait)

    async with working(standing.settings):
        await standing.idle()
        await asyncio.sleep(1.5)

    assert [(one.status, one.conclusion) for one in standing.checks(pull)] == [
        ("completed", "skipped")
    ]
