"""Push to posted review, with 30 ms before every answer of the API."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from tests.bench.service import service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.service import Service
    from tests.github.world import Recorded

LATENCY = 0.03
PATIENCE = 120.0
FILES = 10

CALM = """
async def handle_{number}(name: str) -> str:
    return name
"""
MISTAKES = (
    """
import time


async def handle_{number}(name: str) -> str:
    time.sleep(1)
    return name
""",
    """
import datetime


def handle_{number}(name: str) -> str:
    return f"{{name}} {{datetime.datetime.utcnow()}}"
""",
    """
def handle_{number}(name: str, seen: list[str] = []) -> list[str]:
    seen.append(name)
    return seen
""",
    """
import httpx


def handle_{number}(name: str) -> httpx.Client:
    return httpx.Client(base_url=name, verify=False)
""",
    """
import sqlite3


def handle_{number}(connection: sqlite3.Connection, name: str) -> None:
    connection.execute(f"DELETE FROM prices WHERE name = '{{name}}'")
""",
)
"""One for each push: a mistake that was said before would change a comment, not post a review."""


def table() -> Table:
    """Measure and show."""
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as running:
        rounds = _push_and_wait(running)
    title = f"Push to posted review: {FILES} files, {LATENCY * 1000:.0f} ms per API answer"
    shown = Table("", "posted after", "API calls", "in sequence", "budget", "", title=title)
    for name, seconds, calls in rounds:
        depth = _depth(calls)
        met = seconds < 2 and depth <= 8
        shown.add_row(
            name,
            f"{seconds:.2f} s",
            str(len(calls)),
            str(depth),
            "2 s, 8 calls",
            "[green]met" if met else "[red]missed",
        )
    return shown


def _push_and_wait(running: Service) -> list[tuple[str, float, list[Recorded]]]:
    """What was done, seconds until it was answered, and the calls until then."""
    github = running.github
    calm = {f"service/part_{n}.py": CALM.format(number=n) for n in range(FILES)}
    shop = github.repositories.create("alice/shop", calm)
    running.app.webhook_url = f"{running.url}/webhook"
    github.apps.install(running.app, [shop])
    github.limits.latency = LATENCY
    github.repositories.commit(shop, "feature", _wrong(1))
    pull = "alice/shop#1"
    done: list[tuple[str, Callable[[], object], Callable[[Recorded], bool]]] = [
        (
            "first review, everything cold",
            lambda: github.pulls.open(shop, "feature", title="Faster"),
            _posts_review,
        ),
        *(
            (f"push {number}", lambda n=number: github.pulls.push(pull, _wrong(n)), _posts_review)
            for number in range(2, len(MISTAKES) + 1)
        ),
        (
            "a push that changes nothing for us",
            lambda: github.pulls.push(pull, {"README.md": "# Shop\n"}),
            _concludes,
        ),
        ("/recheck", lambda: github.comments.write(pull, "alice", "/recheck"), _concludes),
        ("/help", lambda: github.comments.write(pull, "alice", "/help"), _says),
    ]
    return [(name, *_answered(running, act, is_answer)) for name, act, is_answer in done]


def _wrong(number: int) -> dict[str, str]:
    return {f"service/part_{n}.py": MISTAKES[number - 1].format(number=n) for n in range(FILES)}


def _answered(
    running: Service, act: Callable[[], object], is_answer: Callable[[Recorded], bool]
) -> tuple[float, list[Recorded]]:
    requests = running.github.requests
    known = len(requests)
    began = time.perf_counter()
    act()
    while not any(map(is_answer, requests[known:])):
        if time.perf_counter() - began > PATIENCE:
            message = "no answer was posted"
            raise TimeoutError(message)
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    calls = [request for request in requests[known:] if ".git/" not in request.path]
    _let_it_finish(requests)
    return seconds, calls


def _posts_review(request: Recorded) -> bool:
    return request.method == "POST" and request.path.endswith("/reviews") and request.status < 300


def _concludes(request: Recorded) -> bool:
    return request.method == "PATCH" and "/check-runs/" in request.path and request.status < 300


def _says(request: Recorded) -> bool:
    return request.method == "POST" and request.path.endswith("/issues/1/comments")


def _let_it_finish(requests: list[Recorded]) -> None:
    """What follows the review (summary, check) is no part of the next push."""
    count = -1
    while count != len(requests):
        count = len(requests)
        time.sleep(1.5)


def _depth(calls: list[Recorded]) -> int:
    """How many of these calls came one after the other at most."""
    depth, free = 0, 0.0
    for call in sorted(calls, key=lambda call: call.started + call.seconds):
        if call.started >= free:
            depth, free = depth + 1, call.started + call.seconds
    return depth
