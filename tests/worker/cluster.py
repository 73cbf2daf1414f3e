"""Several web and worker processes, as several machines would run them, in front of one GitHub."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from tests.app.settings import SECRET
from tests.github import LocalGitHub
from tests.worker.test_whole_way import INJECTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.state import App, PullRequest

PROGRAM = Path(sys.executable).parent / "backend-expert"
START_SECONDS = 120.0


@dataclass
class Cluster:
    """What runs, and the pull requests that were opened; `memory` is that of the workers in bytes."""

    github: LocalGitHub
    app: App
    webs: list[str]
    workers: list[psutil.Process]
    pulls: list[PullRequest] = field(default_factory=list)
    memory: list[list[int]] = field(default_factory=list)

    def open(self, count: int) -> None:
        """Open pull requests, each told to another web process than the one before."""
        for number in range(count):
            self.app.webhook_url = f"{self.webs[number % len(self.webs)]}/webhook"
            branch = f"branch-{number}"
            # Equal changes made in the same second would be one commit, with one check each.
            files = {"app/orders.py": f"{INJECTION}\n\nNUMBER = {number}\n"}
            self.github.repositories.commit("alice/shop", branch, files)
            self.pulls.append(self.github.pulls.open("alice/shop", branch, author="bob"))

    def wait(self, seconds: float) -> float:
        """Wait for the check of every pull request, and give how long that took."""
        began = time.monotonic()
        left, measured = list(self.pulls), 0
        while left:
            time.sleep(0.5)
            left = [pull for pull in left if not self.is_done(pull)]
            done = len(self.pulls) - len(left)
            if done * 10 // len(self.pulls) > measured:
                measured = done * 10 // len(self.pulls)
                self.memory.append([one.memory_info().rss for one in self.workers])
            if time.monotonic() - began > seconds:
                message = f"{len(left)} pull requests were not reviewed"
                raise TimeoutError(message)
        return time.monotonic() - began

    def is_done(self, pull: PullRequest) -> bool:
        """Whether the review of its head is concluded."""
        runs = list(pull.repository.check_runs.values())
        return any(one.status == "completed" for one in runs if one.head_sha == pull.head_sha)

    def wrong(self) -> list[str]:
        """What is not as it should be, in words."""
        said: list[str] = []
        runs = Counter(one.head_sha for one in self.pulls[0].repository.check_runs.values())
        for pull in self.pulls:
            found = {
                "reviews": len(pull.reviews),
                "comments": len(pull.review_comments),
                "summaries": len(pull.comments),
                "checks": runs[pull.head_sha],
            }
            said += [
                f"#{pull.number}: {count} {what}" for what, count in found.items() if count != 1
            ]
        return said

    def most_writes(self, seconds: float) -> int:
        """The most writes that all processes together made within so long."""
        at = sorted(
            one.started
            for one in self.github.requests
            if one.method != "GET" and "access_tokens" not in one.path and ".git/" not in one.path
        )
        return max(sum(1 for other in at if one <= other < one + seconds) for one in at)


@contextmanager
def cluster(folder: Path, webs: int, workers: int, **settings: str) -> Iterator[Cluster]:
    """Start everything, and stop it at the end. Each process has a data folder of its own."""
    with LocalGitHub() as github, ExitStack() as stack:
        app = github.apps.create(webhook_secret=SECRET)
        github.repositories.create("alice/shop", {"README.md": "# Shop\n"})
        given = {
            "GITHUB_APP_ID": str(app.id),
            "GITHUB_PRIVATE_KEY": app.private_key,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": github.url,
            "GITHUB_URL": github.url,
            "RECONCILE_MINUTES": "0",
            "DEBOUNCE_SECONDS": "0",
            "LOG_LEVEL": "warning",
        } | settings
        ports = [str(_free_port()) for _ in range(webs)]
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        for port in ports:
            stack.enter_context(_process(folder / f"web{port}", given, "web", "--port", port))
        work = [
            stack.enter_context(_process(folder / f"worker{number}", given, "worker"))
            for number in range(workers)
        ]
        for address in addresses:
            _wait_for(address)
        app.webhook_url = f"{addresses[0]}/webhook"
        github.apps.install(app, ["alice/shop"])
        yield Cluster(github, app, addresses, [psutil.Process(one.pid) for one in work])


@contextmanager
def _process(
    folder: Path, settings: dict[str, str], *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir(parents=True)
    environment = os.environ | settings | {"DATA_DIR": str(folder / "data")}
    with subprocess.Popen([PROGRAM, *arguments], cwd=folder, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def _wait_for(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/healthz", timeout=5, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
