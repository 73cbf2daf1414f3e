"""Whatever happens on the way, the pull request ends up saying what the last review found."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from app.github.errors import GitHubError
from tests.github import LocalGitHub
from tests.worker.publishing.crashing import Crash, CrashingTransport
from tests.worker.publishing.stage import Stage, after, finding, review
from worker.publishing.live import Live
from worker.publishing.standing import Standing, State

if TYPE_CHECKING:
    from rules.core.findings import Finding, Review
    from worker.publishing.markers import Mark
    from worker.publishing.standing import Published

EVERYTHING = [
    *(finding(line, rule="SEC9") for line in range(1, 10)),
    *(finding(line, rule=f"SEC1{line}") for line in range(20, 26)),
    finding(11, "shop/old.py"),
    finding(30, "shop/old.py"),
    finding(31, "shop/old.py", new=False),
    finding(1, "shop/unlisted.py"),
]
FAULTS = [
    {"status": 502, "when": "before"},
    {"status": 502, "when": "after"},
    {"drop": True, "when": "after"},
    {"status": 422, "body": {"message": "Unprocessable", "errors": ["No."]}, "path": r"reviews$"},
    {"status": 429, "body": {"message": "Too many"}, "headers": {"retry-after": "0"}},
    {"status": 401, "body": {"message": "Bad credentials"}},
]


class Story:
    """A pull request over several pushes, with a memory that only finished reviews reach."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        self.standing = Standing()

    async def push(self) -> tuple[Review, Published]:
        """A push, and attempts to review it until one ends."""
        chance = self.chance
        found = review(*(one for one in EVERYTHING if chance.random() < 0.5))
        self.stage.push({"shop/more.py": f"x = {chance.random()}\n"})
        for _ in range(3):
            self.disturb()
            try:
                return found, await self.attempt(found)
            except (GitHubError, Crash):
                self.standing = Standing(
                    self.standing.known, self.standing.summary_comment_id, uncertain=True
                )
        self.calm()
        return found, await self.attempt(found)

    async def attempt(self, found: Review) -> Published:
        published = await self.stage.publish(found, self.standing)
        self.standing = after(published)
        return published

    def disturb(self) -> None:
        """Perhaps a crash at some write, perhaps a fault at some request."""
        self.calm()
        if self.chance.random() < 0.4:
            when = self.chance.choice(["before", "after"])
            self.stage.transport = CrashingTransport(self.chance.randrange(8), when)  # pyright: ignore[reportArgumentType]
            self.stage.connect()
        if self.chance.random() < 0.6:
            where = {"method": "POST|PATCH", "path": r"/(reviews|comments|check-runs|graphql)"}
            self.stage.github.faults.add(**(where | self.chance.choice(FAULTS)))

    def calm(self) -> None:
        """No crash and no fault any more."""
        self.stage.github.faults.clear()
        self.stage.transport = None
        self.stage.connect()


@pytest.mark.parametrize("seed", range(4))
async def test_the_pull_request_says_what_the_last_review_found(seed: int):
    with LocalGitHub() as github:
        stage = Stage(github)
        theirs = github.comments.write(stage.pull, "bob", "Mine.")
        story = Story(stage, seed)
        try:
            for _ in range(3):
                found, published = await story.push()
                _check(stage, found, published)
        finally:
            await stage.close()
        assert theirs.body == "Mine."


def _check(stage: Stage, found: Review, published: Published) -> None:
    live = _live(stage)
    opened = {k.finding.fingerprint: k for k in published.known if k.state is State.OPEN}
    assert set(opened) == {one.fingerprint for one in found.findings}
    assert Counter(mark for mark, _ in live).most_common(1)[0][1] == 1
    said = {k.comment_id for k in opened.values() if k.comment_id}
    assert {one.id for _, one in live if not one.closed} == said
    assert [c.id for c in stage.pull.comments if stage.signer.read(c.body)] == [
        published.summary_comment_id
    ]
    status, conclusion, title = stage.checks[-1]
    assert (status, conclusion) == ("completed", "failure" if found.findings else "success")
    assert title == (f"{len(found.findings)} critical" if found.findings else "No findings")
    _check_annotations(stage, [k.finding for k in opened.values() if k.place == "check"])


def _check_annotations(stage: Stage, left: list[Finding]) -> None:
    run = list(stage.repo.check_runs.values())[-1]
    places = sorted((one["path"], one["start_line"]) for one in run.annotations)
    assert places == sorted((one.path, one.line) for one in left)


def _live(stage: Stage) -> list[tuple[Mark, Live]]:
    return [
        (mark, Live(one.id, "", mark, one.body, one.original.path))
        for one in stage.pull.review_comments
        if (mark := stage.signer.read(one.body))
    ]
