"""The whole service beside a local GitHub, as a machine would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.github import LocalGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.state import App

SECRET = "a secret of the bench"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running `backend-expert serve`, its App and the GitHub that it works for."""

    url: str
    github: LocalGitHub
    app: App


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """Start both, and stop both at the end."""
    with LocalGitHub() as github:
        app = github.apps.create(webhook_secret=SECRET)
        settings = {
            "GITHUB_APP_ID": str(app.id),
            "GITHUB_PRIVATE_KEY": app.private_key,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": github.url,
            "GITHUB_URL": github.url,
            "DATA_DIR": str(folder / "data"),
            "DEBOUNCE_SECONDS": "0",
            "LOG_LEVEL": "error",
        }
        command = [Path(sys.executable).parent / "backend-expert", "serve", "--port", "0"]
        kept = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        with subprocess.Popen(
            command, cwd=folder, env=kept | settings, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                url = _address(process)
                # The socket is there before the process that answers.
                httpx.get(f"{url}/", timeout=START_SECONDS, trust_env=False)
                yield Service(url, github, app)
            finally:
                process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        if found := re.search(r"http://\S+", line):
            return found[0]
    message = "the service did not start"
    raise RuntimeError(message)
