"""What happens to the pull request, said in the terminal while it happens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.demo.stage import DemoFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from tests.demo.stage import Stage
    from tests.github.state import CheckRun, PullRequest

PATIENCE = 120.0
"""Seconds that one step may take on a slow machine."""


@dataclass(frozen=True)
class Step:
    """What is awaited, what to call it meanwhile, and what to say when it has happened."""

    waiting: str
    happened: Callable[[], str | None]


def follow(console: Console, stage: Stage, pull: PullRequest) -> None:
    """Return when the check is concluded. Raises `DemoFailedError` when nothing moves any more."""
    began = time.monotonic()
    for step in _steps(stage, pull):
        with console.status(f"{step.waiting} …"):
            said = _await(step, stage)
        seconds = time.monotonic() - began
        console.print(f"  [green]✓[/] {said} [dim]{seconds:.1f} s[/]", highlight=False)


def check_of(pull: PullRequest) -> CheckRun | None:
    """The newest check run on the head."""
    runs = [c for c in pull.repository.check_runs.values() if c.head_sha == pull.head_sha]
    return runs[-1] if runs else None


def _steps(stage: Stage, pull: PullRequest) -> tuple[Step, ...]:
    def delivered() -> str | None:
        sent = [d for d in stage.github.deliveries if (d.event, d.action) == OPENED]
        codes = [d.status_code for d in sent if d.status_code]
        return f"signed webhook delivered, answered {codes[0]}" if codes else None

    def started() -> str | None:
        return "check run in progress" if check_of(pull) else None

    def fetched() -> str | None:
        asked = [r for r in stage.github.requests if "/git-upload-pack" in r.path]
        return "head and merge base fetched by git" if asked else None

    def posted() -> str | None:
        many = len(pull.review_comments)
        return f"review posted with {many} inline comments" if pull.reviews else None

    def summed_up() -> str | None:
        mine = [c for c in pull.comments if c.user is stage.app.bot]
        return "summary written" if mine else None

    def concluded() -> str | None:
        run = check_of(pull)
        return f"check concluded: {run.conclusion}" if run and run.conclusion else None

    return (
        Step("delivering the webhook", delivered),
        Step("a worker takes it up", started),
        Step("fetching", fetched),
        Step("analysing in a child process, then posting", posted),
        Step("writing the summary", summed_up),
        Step("concluding the check", concluded),
    )


OPENED = ("pull_request", "opened")


def _await(step: Step, stage: Stage) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if (said := step.happened()) is not None:
            return said
        time.sleep(0.02)
    log = stage.log.read_text()[-3000:]
    raise DemoFailedError(f"Nothing came of {step.waiting}. The service said:\n{log}")
