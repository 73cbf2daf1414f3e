"""Worker and Valkey are killed at random points, and nobody on GitHub can tell.

`PULLS=100 pytest tests/worker/test_kills.py` does it to more pull requests.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.models import DeliveryState, PullRequest, ReviewState
from tests.worker.mortal import mortals
from tests.worker.test_whole_way import BOUND, INJECTION, UNVERIFIED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.state import PullRequest as Pull
    from tests.worker.mortal import Mortals
    from tests.worker.service import Service

PULLS = int(os.environ.get("PULLS", "40"))
ROUNDS = 8
SEED = 20
VICTIMS = (("worker",), ("worker",), ("valkey",), ("worker", "valkey"))


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_kills_lose_nothing_and_double_nothing(standing: Service, tmp_path: Path):
    dice = random.Random(SEED)
    pulls: list[Pull] = []
    settings = standing.settings.model_copy(update={"lease_seconds": 4, "max_attempts": 50})
    with mortals(settings, tmp_path) as doomed:
        for number in range(ROUNDS):
            await asyncio.to_thread(_open_some, standing, pulls, number, dice)
            await _kill_at_work(standing, doomed, dice)
        await standing.idle(200)

    assert len(pulls) == PULLS
    for pull in pulls:
        await _has_one_current_review(standing, pull)
    states = Counter((await standing.deliveries()).values())
    assert set(states) <= {DeliveryState.DONE, DeliveryState.IGNORED}


def _open_some(service: Service, pulls: list[Pull], number: int, dice: random.Random) -> None:
    """Open the next few pull requests, and push to some of those before."""
    github = service.github
    for pull in dice.sample(pulls, min(2, len(pulls))):
        github.pulls.push(pull, {"app/orders.py": BOUND, "app/rates.py": UNVERIFIED})
    for one in range(len(pulls), PULLS * (number + 1) // ROUNDS):
        files = {
            "app/orders.py": INJECTION,
            "README.md": f"# Shop {one}\n",
        }  # No two commits alike.
        github.repositories.commit("alice/shop", f"branch-{one}", files)
        pulls.append(github.pulls.open("alice/shop", f"branch-{one}", title=f"Change {one}"))


async def _kill_at_work(service: Service, doomed: Mortals, dice: random.Random) -> None:
    """Kill at a random moment of a review."""
    async with asyncio.timeout(60):
        while not await _is_at_work(service):  # noqa: ASYNC110 another process is at work
            await asyncio.sleep(0.01)
    await asyncio.sleep(dice.uniform(0, 0.8))
    for name in dice.choice(VICTIMS):
        doomed.kill(name)


async def _is_at_work(service: Service) -> bool:
    """Whether somebody holds a lease that was taken just now."""
    async with service.database.read() as session:
        held = select(func.count()).where(PullRequest.leased_until > datetime.now(UTC))
        return bool(await session.scalar(held))


async def _has_one_current_review(service: Service, pull: Pull) -> None:
    row, reviews = await service.row(pull), await service.reviews(pull)
    assert row.reviewed_head_sha == pull.head_sha
    done = [one for one in reviews if one.state is ReviewState.DONE]
    assert [one.head_sha for one in done].count(pull.head_sha) == 1
    assert done[-1].head_sha == pull.head_sha
    assert {one.state for one in reviews} <= {ReviewState.DONE, ReviewState.SUPERSEDED}
    assert len(service.comments(pull)) == 1
    said = Counter(one.original.path for one in pull.review_comments)
    findings = {one.path: one.comment_id for one in await service.findings(pull)}
    assert said == dict.fromkeys(findings, 1)
    assert set(findings.values()) == {one.id for one in pull.review_comments}
    for sha in {run.head_sha for run in service.checks(pull)}:
        assert {run.status for run in service.checks(pull, sha)} == {"completed"}
    assert service.checks(pull)[-1].conclusion == "failure"
