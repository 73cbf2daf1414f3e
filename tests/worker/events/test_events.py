from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.db import installations, leftovers, repositories
from app.models import DeliveryState, PullRequestState
from tests.worker.service import until, working
from tests.worker.test_whole_way import BOUND, INJECTION
from worker.reviewing.sweeping import sweep_up

if TYPE_CHECKING:
    from datetime import datetime

    import pytest
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import PullRequest as PullRequestRow
    from tests.github.state import PullRequest
    from tests.worker.service import Service

ORDERS = {"app/orders.py": INJECTION}


def _open(service: Service, name: str = "orders", **fields: object) -> PullRequest:
    service.github.repositories.commit("alice/shop", name, ORDERS)
    return service.github.pulls.open("alice/shop", name, **fields)  # pyright: ignore[reportArgumentType]


async def _heads(service: Service, pull: PullRequest) -> list[tuple[str, str]]:
    return [(one.head_sha, str(one.state)) for one in await service.reviews(pull)]


async def test_a_pull_request_that_is_opened_is_reviewed(service: Service):
    pull = _open(service)

    await service.idle()

    (review,) = await service.reviews(pull)
    assert (review.state, review.head_sha, review.verdict) == ("done", pull.head_sha, "findings")
    assert set(review.timings) == {"read", "compare", "fetch", "diff", "analysis", "publish"}
    assert review.github_review_id == pull.reviews[0].id
    assert [one.rule for one in await service.findings(pull)] == ["SEC101"]
    assert [run.conclusion for run in service.checks(pull)] == ["failure"]
    assert len(service.comments(pull)) == 1


async def test_a_draft_is_left_alone_until_it_is_ready(service: Service):
    pull = _open(service, draft=True)
    await service.idle()
    assert await service.reviews(pull) == []
    assert (service.checks(pull), service.comments(pull)) == ([], [])

    service.github.pulls.ready(pull)
    await service.idle()

    assert await _heads(service, pull) == [(pull.head_sha, "done")]


async def test_drafts_are_reviewed_where_the_base_says_so(service: Service):
    config = {".github/backend-expert.toml": "drafts = true\n"}
    service.github.repositories.commit("alice/shop", "main", config)

    pull = _open(service, draft=True)
    await service.idle()

    assert await _heads(service, pull) == [(pull.head_sha, "done")]


async def test_the_configuration_of_the_head_decides_nothing(service: Service):
    silent = {**ORDERS, ".github/backend-expert.toml": 'ignore = ["ALL"]\n'}
    service.github.repositories.commit("alice/shop", "silent", silent)

    pull = service.github.pulls.open("alice/shop", "silent")
    await service.idle()

    assert [one.rule for one in await service.findings(pull)] == ["SEC101"]


async def test_a_pull_request_from_a_fork_is_reviewed(service: Service):
    github = service.github
    fork = github.repositories.fork("alice/shop", "mallory")
    github.repositories.commit(fork, "orders", ORDERS)

    pull = github.pulls.open("alice/shop", "orders", head_repository=fork, author="mallory")
    await service.idle()

    assert await _heads(service, pull) == [(pull.head_sha, "done")]


async def test_the_newest_of_several_pushes_wins_and_none_is_lost(standing: Service):
    github = standing.github
    pull = _open(standing)
    pushed = [github.pulls.push(pull, {"app/orders.py": f"{INJECTION}\n# {n}\n"}) for n in range(4)]
    await asyncio.to_thread(github.webhooks.wait)

    async with working(standing.settings):
        await standing.idle()

    assert [sha for sha, state in await _heads(standing, pull) if state == "done"] == [pushed[-1]]
    assert len(pull.reviews) == 1


async def test_a_push_during_a_review_lets_it_stand_down_quietly(service: Service):
    github = service.github
    github.faults.add(method="GET", path=r"/files", status=None, delay=0.5)
    pull = _open(service)
    first = pull.head_sha
    await until(lambda: any("/check-runs" in one.path for one in github.requests))

    github.pulls.push(pull, {"app/orders.py": BOUND})
    await service.idle()

    assert await _heads(service, pull) == [(first, "superseded"), (pull.head_sha, "done")]
    assert [run.conclusion for run in service.checks(pull, first)] == ["skipped"]
    assert [run.conclusion for run in service.checks(pull)] == ["success"]
    assert pull.review_comments == []


async def test_a_changed_base_is_another_review_of_the_same_head(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "next", {"README.md": "Next\n"})
    pull = _open(service)
    await service.idle()

    github.pulls.edit(pull, title="Other words")
    github.pulls.edit(pull, base="next")
    await service.idle()

    assert await _heads(service, pull) == [(pull.head_sha, "done")] * 2
    assert len(pull.review_comments) == 1


async def test_a_closed_pull_request_is_left_alone(standing: Service):
    pull = _open(standing)
    standing.github.pulls.close(pull)
    await asyncio.to_thread(standing.github.webhooks.wait)

    async with working(standing.settings):
        await standing.idle()

    assert (await standing.row(pull)).state is PullRequestState.CLOSED
    assert (pull.reviews, standing.checks(pull)) == ([], [])


async def test_pressing_re_run_reviews_again_without_a_second_comment(service: Service):
    pull = _open(service)
    await service.idle()

    service.github.checks.rerequest(service.checks(pull)[0], "alice")
    await service.idle()
    service.github.checks.rerequest_suite(service.checks(pull)[0], "alice")
    await service.idle()

    assert await _heads(service, pull) == [(pull.head_sha, "done")] * 3
    assert (len(pull.review_comments), len(service.comments(pull))) == (1, 1)
    assert [run.conclusion for run in service.checks(pull)] == ["failure"] * 3


async def test_the_button_of_the_check_reviews_whole_files_for_who_may_ask_for_it(
    service: Service,
):
    github = service.github
    github.repositories.commit("alice/shop", "main", {"app/old.py": INJECTION})
    github.repositories.commit("alice/shop", "more", {"app/old.py": f"{INJECTION}\n\nLIMIT = 5\n"})
    pull = github.pulls.open("alice/shop", "more", author="bob")
    await service.idle()
    (run,) = service.checks(pull)
    (button,) = run.actions
    assert (button["label"], await service.findings(pull)) == ("Review whole files", [])

    github.checks.press(run, "mallory", button["identifier"])
    github.checks.press(run, "bob", "something-else")
    await service.idle()
    assert len(await service.reviews(pull)) == 1

    github.checks.press(run, "bob", button["identifier"])
    await service.idle()
    assert [one.rule for one in await service.findings(pull)] == ["SEC101"]
    assert [one.conclusion for one in service.checks(pull)] == ["success", "failure"]


async def test_a_merge_queue_gets_its_success(service: Service):
    pull = _open(service)
    await service.idle()

    sha = service.github.pulls.queue(pull)
    await service.idle()

    assert [run.conclusion for run in service.checks(pull, sha)] == ["success"]


async def test_a_suspended_installation_is_parked_and_taken_up_again(service: Service):
    github = service.github
    github.apps.suspend(service.installation)
    pull = _open(service)  # GitHub tells a suspended App nothing.
    await service.idle()
    github.apps.unsuspend(service.installation)
    await service.idle()
    github.pulls.push(pull, {"app/orders.py": BOUND})
    await service.idle()

    assert await _heads(service, pull) == [(pull.head_sha, "done")]


async def test_a_review_that_meets_a_suspension_waits_for_its_end(standing: Service):
    pull = _open(standing)
    await asyncio.to_thread(standing.github.webhooks.wait)
    standing.github.webhooks.fail("installation", times=1)
    standing.github.apps.suspend(standing.installation)

    async with working(standing.settings):
        await standing.idle()
        assert pull.reviews == []
        standing.github.apps.unsuspend(standing.installation)
        await standing.idle()

    assert [sha for sha, state in await _heads(standing, pull) if state == "done"] == [
        pull.head_sha
    ]


async def test_who_asked_before_a_suspension_is_answered_after_it_with_a_review(service: Service):
    github = service.github
    pull = _open(service)
    await service.idle()
    asleep = github.faults.add(
        path=r"/pulls/1$", status=None, happens=lambda: github.apps.suspend(service.installation)
    )
    asked = github.comments.write(pull, "alice", "/recheck")
    await until(lambda: bool(asleep.hits))
    while (row := await service.row(pull)).due_at or row.lease_owner:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    github.apps.unsuspend(service.installation)
    await service.idle()

    assert [one.content for one in asked.reactions] == ["eyes", "rocket"]
    done = [sha for sha, state in await _heads(service, pull) if state == "done"]
    assert done == [pull.head_sha] * 2


async def test_a_suspension_that_is_told_after_its_end_keeps_nothing_back(service: Service):
    github = service.github
    pull = _open(service)
    await service.idle()
    github.webhooks.fail("installation", times=2)
    github.apps.suspend(service.installation)
    github.apps.unsuspend(service.installation)
    await asyncio.to_thread(github.webhooks.wait)
    late = next(one for one in github.webhooks.deliveries if one.action == "suspend")
    github.webhooks.redeliver(late)
    await service.idle()

    github.pulls.push(pull, {"README.md": "# Shop\n"})
    await service.idle()

    assert (await _heads(service, pull))[-1] == (pull.head_sha, "done")


async def test_who_asked_in_the_last_moment_of_a_suspension_is_answered(service: Service):
    github = service.github
    pull = _open(service, author="bob")
    await service.idle()
    body = {"message": "This installation has been suspended"}
    refused = github.faults.add(path=r"/permission$", status=403, body=body, times=1)
    asked = github.comments.write(pull, "alice", "/recheck")
    await until(lambda: bool(refused.hits))
    await service.idle()

    assert [one.content for one in asked.reactions] == ["eyes", "rocket"]
    assert await _heads(service, pull) == [(pull.head_sha, "done")] * 2


async def test_a_sweep_ends_nothing_that_wakes_up_while_it_looks(
    standing: Service, monkeypatch: pytest.MonkeyPatch
):
    github, listed, ours = standing.github, leftovers.abandoned, asyncio.current_task()
    found: list[int] = []

    async def meets_the_end_of_the_suspension(
        session: AsyncSession, now: datetime
    ) -> list[PullRequestRow]:
        rows = await listed(session, now)
        if asyncio.current_task() is not ours:
            return rows  # The worker sweeps by itself, too.
        found.extend(one.number for one in rows)
        github.apps.unsuspend(standing.installation)
        while not ((row := await standing.row(pull)).due_at or row.lease_owner):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return rows

    async with working(standing.settings) as work:
        pull = _open(standing)
        await standing.idle()
        asleep = github.faults.add(
            path=r"/pulls/1$",
            status=None,
            happens=lambda: github.apps.suspend(standing.installation),
            times=1,
        )
        asked = github.comments.write(pull, "alice", "/recheck")
        await until(lambda: bool(asleep.hits))
        while (row := await standing.row(pull)).due_at or row.lease_owner:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        monkeypatch.setattr(leftovers, "abandoned", meets_the_end_of_the_suspension)
        await sweep_up(work)
        monkeypatch.undo()
        await standing.idle()

    assert found == [pull.number]
    assert [one.content for one in asked.reactions] == ["eyes", "rocket"]
    done = [sha for sha, state in await _heads(standing, pull) if state == "done"]
    assert done == [pull.head_sha] * 2


async def test_repositories_are_known_by_number_whatever_they_are_called(service: Service):
    github = service.github
    pull = _open(service)
    await service.idle()

    github.repositories.rename("alice/shop", "store")
    github.pulls.push(pull, {"app/orders.py": BOUND})
    await service.idle()

    async with service.database.read() as session:
        known = await repositories.get(session, pull.repository.id)
    assert known is not None
    assert (known.owner, known.name) == ("alice", "store")
    assert [str(review.state) for review in await service.reviews(pull)] == ["done", "done"]


async def test_what_is_taken_away_is_forgotten_and_what_comes_back_is_taken_up(service: Service):
    github = service.github
    pull = _open(service)
    await service.idle()
    github.apps.remove_repositories(service.installation, ["alice/shop"])
    await service.idle()
    async with service.database.read() as session:
        gone = await repositories.get(session, pull.repository.id)
        still = await installations.get(session, service.installation.id)
    assert gone is not None
    assert still is not None
    assert (gone.removed_at is not None, still.deleted_at) == (True, None)

    github.apps.add_repositories(service.installation, ["alice/shop"])
    github.pulls.push(pull, {"app/orders.py": BOUND})
    await service.idle()

    assert (await _heads(service, pull))[-1] == (pull.head_sha, "done")


async def test_a_delivery_that_comes_after_the_end_of_its_repository_is_about_nothing(
    service: Service,
):
    github = service.github
    pull = _open(service)
    await service.idle()
    opened = next(one for one in github.deliveries if one.action == "opened")
    github.repositories.delete("alice/shop")
    await service.idle()

    late = {**opened.payload, "action": "reopened"}
    github.webhooks.send(
        service.app, "pull_request", late, service.installation.id, pull.repository.id
    )
    await service.idle()

    async with service.database.read() as session:
        gone = await repositories.get(session, pull.repository.id)
    assert gone is not None
    assert gone.removed_at is not None
    assert await _heads(service, pull) == [(pull.head_sha, "done")]


async def test_events_that_nobody_knows_are_ignored(service: Service):
    pull = _open(service)
    await service.idle()
    service.github.pulls.lock(pull)
    await service.idle()

    states = await service.deliveries()

    assert states["pull_request", "locked"] is DeliveryState.IGNORED
    assert states["pull_request", "opened"] is DeliveryState.DONE
    assert await _heads(service, pull) == [(pull.head_sha, "done")]
