"""`backend-expert serve` as a stranger starts it: nothing is configured."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[2]
OURS = ("GITHUB_", "DATABASE_URL", "REDIS_URL", "DATA_DIR", "PUBLIC_URL", "OPERATORS", "SESSION_")


@dataclass
class Started:
    """The service, and what it says."""

    link: str
    output: IO[str]
    log: Path


@contextmanager
def started(folder: Path, github_url: str) -> Generator[Started]:
    """Run it until the block ends; `link` is what it prints for set-up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    log = folder / "service.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", "serve", "--port", "0"],
            cwd=folder,
            env=kept | {"PYTHONPATH": str(ROOT), "GITHUB_URL": github_url, "DEBOUNCE_SECONDS": "0"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        try:
            yield Started(_link(process.stdout), process.stdout, log)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def _link(output: IO[str]) -> str:
    for line in output:
        if line.startswith("Set-up: "):
            return line.removeprefix("Set-up: ").strip()
    raise AssertionError("the service printed no link")
