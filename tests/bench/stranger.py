"""The way of a stranger: from `git clone` to the first review, through the set-up page."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path

from rich.table import Table

ROOT = Path(__file__).parents[2]
STEPS = re.compile(r"link after ([\d.]+) s, watched after ([\d.]+) s, reviewed after ([\d.]+) s")


def table() -> Table:
    """Clone what is committed here, install it, and go the way in a real Chromium."""
    shown = Table("until", "s", "s since the clone began", title="A stranger's way")
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "backend-expert")
        began = time.monotonic()
        _run("git", "clone", "--quiet", str(ROOT), place, cwd=folder)
        cloned = time.monotonic() - began
        _run("make", "--silent", ".venv/.ready", cwd=place)
        installed = time.monotonic() - began
        link, watched, reviewed = _set_up(place)
    steps = {
        "cloned": cloned,
        "installed": installed,
        "the service printed its link": installed + link,
        "the App is registered and installed": installed + watched,
        "the first review stands on the pull request": installed + reviewed,
    }
    before = 0.0
    for step, seconds in steps.items():
        shown.add_row(step, f"{seconds - before:.1f}", f"{seconds:.1f}")
        before = seconds
    return shown


def _set_up(place: str) -> list[float]:
    """Seconds from the start of the service to the link, to the page that all is set up, to the review."""
    test = "tests/browser/test_set_up.py"
    told = _run(".venv/bin/python", "-m", "pytest", "-q", "-s", test, cwd=place)
    found = STEPS.search(told)
    if found is None:
        raise RuntimeError(f"The way did not come to its end:\n{told}")
    return [float(seconds) for seconds in found.groups()]


def _run(*command: str, cwd: str) -> str:
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout
