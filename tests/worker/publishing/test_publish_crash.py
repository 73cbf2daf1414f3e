"""Whenever publishing is cut off, the next attempt ends in the state of one that was not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

import httpx
import pytest

from tests.github import LocalGitHub
from tests.github.state import PERMISSIONS
from tests.worker.publishing.crashing import Crash, CrashingTransport
from tests.worker.publishing.stage import Stage, after, finding, review
from worker.publishing.standing import Standing

if TYPE_CHECKING:
    from rules.core.findings import Review
    from worker.publishing.standing import Published

type Story = Callable[[LocalGitHub, str, httpx.AsyncBaseTransport | None], Awaitable[object]]

FIRST = review(
    *(finding(line, rule=f"SEC{line}") for line in range(1, 28)),
    finding(11, "shop/old.py"),
    finding(30, "shop/old.py"),
    *(finding(line, "shop/unlisted.py", "SEC2") for line in (1, 2)),
    *(finding(line, rule="SEC9") for line in range(30, 37)),
)
"""Two reviews, a grouped comment, a comment on a file, annotations."""
BEFORE = review(
    finding(3),
    finding(30, "shop/old.py"),
    *(finding(line, rule="SEC9") for line in range(30, 37)),
)
AFTER = review(finding(9), *(finding(line, rule="SEC9") for line in range(31, 38)))
"""One fixed, one on a file fixed, one new, the group changed."""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_first_review_survives_a_crash_at_every_write(when: Literal["before", "after"]):
    assert await _crash_everywhere(_first, when) > 5


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_second_review_survives_a_crash_at_every_write(when: Literal["before", "after"]):
    assert await _crash_everywhere(_second, when) > 8


async def _crash_everywhere(story: Story, when: Literal["before", "after"]) -> int:
    """How many writes the story has; each of them was cut off once."""
    with LocalGitHub() as github:
        whole = await story(github, "whole", None)
        for at in itertools.count():
            crashing = CrashingTransport(at, when)
            state = await story(github, f"crash{at}", crashing)
            assert state == whole, f"{when} write {at}"
            if not crashing.crashed:
                return at
    raise AssertionError


async def _first(
    github: LocalGitHub, owner: str, transport: httpx.AsyncBaseTransport | None
) -> object:
    stage = Stage(github, owner=owner)
    await _until_done(stage, FIRST, Standing(), transport)
    await stage.close()
    return _neutral(stage)


async def _second(
    github: LocalGitHub, owner: str, transport: httpx.AsyncBaseTransport | None
) -> object:
    stage = Stage(github, {**PERMISSIONS, "contents": "write"}, owner=owner)
    first = await stage.publish(BEFORE)
    stage.push()
    await _until_done(stage, AFTER, after(first), transport)
    await stage.close()
    return _neutral(stage)


async def _until_done(
    stage: Stage, found: Review, standing: Standing, transport: httpx.AsyncBaseTransport | None
) -> Published:
    stage.transport = transport
    stage.connect()
    try:
        return await stage.publish(found, standing)
    except Crash:
        stage.transport = None
        stage.connect()
        uncertain = Standing(standing.known, standing.summary_comment_id, uncertain=True)
        return await stage.publish(found, uncertain)


def _neutral(stage: Stage) -> str:
    """What a reader sees, without ids, commits and the name of the owner."""
    text = re.sub(r"\b[0-9a-f]{40}\b|\b[0-9a-f]{32}\b|`[0-9a-f]{7}`", "SHA", str(stage.state))
    return re.sub(r"discussion_r\d+", "discussion", text).replace(f"/{stage.owner}/", "/owner/")
