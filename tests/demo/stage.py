"""What the demonstration plays on: a local GitHub and the service, in processes of its own."""

from __future__ import annotations

import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.github import LocalGitHub

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.github.state import App, PullRequest

ROOT = Path(__file__).parents[2]
SERVICE_UNDER_REVIEW = ROOT / "tests" / "data" / "demo"
REPOSITORY = "octo-org/market-desk"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
SERVE = """
import sys
from worker.service.parentage import die_with_parent
die_with_parent(int(sys.argv[1]))
from worker.cli import main
raise SystemExit(main(sys.argv[2:]))
"""
"""`backend-expert serve`, which ends with the demonstration however that ends."""


class DemoFailedError(Exception):
    """The demonstration cannot go on; the message says why."""


@dataclass
class Stage:
    """Everything that is there before the pull request is opened."""

    github: LocalGitHub
    app: App
    url: str
    """Where the service listens."""
    log: Path


@contextmanager
def set_up() -> Generator[Stage]:
    """Start both, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="backend-expert-demo-"))
    try:
        with LocalGitHub() as github:
            port = _free_port()
            url = f"http://127.0.0.1:{port}"
            app = github.apps.create(webhook_url=f"{url}/webhook")
            log = folder / "service.log"
            with _serving(github, app, folder, port, log):
                yield Stage(github, app, url, log)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_pull_request(stage: Stage) -> PullRequest:
    """Push a small service, then a branch with mistakes, and open a pull request from it."""
    github = stage.github
    github.repositories.create(REPOSITORY, _files("base"))
    github.apps.install(stage.app, [REPOSITORY])
    github.repositories.commit(
        REPOSITORY, "news-and-users", _files("change"), message="Add news and users", author="maya"
    )
    return github.pulls.open(
        REPOSITORY,
        "news-and-users",
        title="Show headlines, and remember who watches what",
        body="News for each market, and a list of markets for each user.",
        author="maya",
    )


def _files(name: str) -> dict[str, str | bytes | None]:
    folder = SERVICE_UNDER_REVIEW / name
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".md", ".toml"})
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@contextmanager
def _serving(github: LocalGitHub, app: App, folder: Path, port: int, log: Path) -> Generator[None]:
    command = [sys.executable, "-c", SERVE, str(os.getpid()), "serve", "--port", str(port)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(github, app, folder, port),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        _wait_until_it_listens(process, log)
        _wait_until_it_answers(port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _environment(github: LocalGitHub, app: App, folder: Path, port: int) -> dict[str, str]:
    """What `backend-expert serve` needs of a person who runs it."""
    ours = ("GITHUB_", "DATABASE_URL", "REDIS_URL", "DATA_DIR", "PUBLIC_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_PRIVATE_KEY": app.private_key,
        "GITHUB_WEBHOOK_SECRET": app.webhook_secret,
        "GITHUB_API_URL": github.url,
        "GITHUB_URL": github.url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(folder / "data"),
        "HISTORY_LOCAL": "true",
        "LOG_LEVEL": "info",
    }


def _wait_until_it_listens(process: subprocess.Popen[str], log: Path) -> None:
    lines: queue.Queue[str] = queue.Queue()
    output = process.stdout
    assert output is not None
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS)
    except queue.Empty:
        line = ""
    if "Listening at" not in line:
        raise DemoFailedError(f"The service did not start:\n{log.read_text()[-3000:]}")


def _wait_until_it_answers(port: int, log: Path) -> None:
    """The socket is there before the process that serves it; GitHub waits for 10 s only."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=START_SECONDS, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise DemoFailedError(f"The service does not answer:\n{log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
