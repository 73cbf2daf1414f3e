"""Whenever publishing is cut off, the next attempt ends in the state of one that was not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.github import LocalGitHub
from tests.github.state import PERMISSIONS
from tests.worker.crashing import Crash, CrashingTransport
from tests.worker.publishing import Stage, after, finding, review
from worker.standing import Standing

if TYPE_CHECKING:
    import httpx

    from rules.core.findings import Review
    from worker.standing import Published

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


async def test_a_first_review_survives_a_crash_at_every_write():
    with LocalGitHub() as github:
        whole = await _first(github, "whole", None)
        for when in ("before", "after"):
            at = 0
            for at in range(20):
                crashing = CrashingTransport(at, when)
                state = await _first(github, f"{when}{at}", crashing)
                assert state == whole, f"{when} write {at}"
                if not crashing.crashed:
                    break
            assert at > 5


async def test_a_second_review_survives_a_crash_at_every_write():
    with LocalGitHub() as github:
        whole = await _second(github, "whole", None)
        for when in ("before", "after"):
            at = 0
            for at in range(30):
                crashing = CrashingTransport(at, when)
                state = await _second(github, f"{when}{at}", crashing)
                assert state == whole, f"{when} write {at}"
                if not crashing.crashed:
                    break
            assert at > 8


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
