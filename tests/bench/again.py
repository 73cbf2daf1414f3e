"""The first review of a large project, and the next one, of a few changed files in it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from rich.table import Table

from rules.core.change import Change, ChangedFile
from rules.core.config import Config
from rules.core.review import review
from tests.bench.linking import MemoryTree
from tests.bench.linters import RUFF_BY_DEFAULT, processor_seconds
from tests.bench.sample import sample

CHANGED = 5
SHARE = 0.1
APPENDED = b"\n\ndef appended(rows: list[int]) -> int:\n    return sum(rows)\n"


def table() -> Table:
    """Measure and show."""
    with tempfile.TemporaryDirectory() as folder:
        large = sample(Path(folder))
        ruff = processor_seconds(RUFF_BY_DEFAULT, large.folder)
        files = {
            path.relative_to(large.folder).as_posix(): path.read_bytes()
            for path in sorted(large.folder.rglob("*.py"))
        }
    facts: dict[str, bytes] = {}
    first = _seconds(files, 0, facts)
    second = _seconds(files, 1, facts)
    title = f"{CHANGED} changed files in a project of {large.lines:,} lines, processor time"
    shown = Table("review", "seconds", "budget", "", title=title)
    shown.add_row("first, nothing known", f"{first:.2f}")
    for budget, most in ((f"{SHARE:.0%} of the first", SHARE * first), ("ruff of all files", ruff)):
        met = "[green]met" if second <= most else "[red]missed"
        shown.add_row("second", f"{second:.2f}", f"{most:.2f} ({budget})", met)
    return shown


def _seconds(files: dict[str, bytes], number: int, facts: dict[str, bytes]) -> float:
    """What it costs to review a change of other files each time."""
    paths = list(files)[number * CHANGED : (number + 1) * CHANGED]
    changed = files | {path: files[path] + APPENDED for path in paths}
    lines = {path: files[path].count(b"\n") for path in paths}
    change = Change(
        MemoryTree(changed),
        MemoryTree(files),
        tuple(
            ChangedFile(path, path, "modified", (), frozenset(range(before + 1, before + 6)))
            for path, before in lines.items()
        ),
    )
    began = time.process_time()
    review(change, Config(), facts=facts)
    return time.process_time() - began
