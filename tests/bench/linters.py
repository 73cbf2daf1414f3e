"""Lines per second of processor time of `backend-expert check`, next to other tools."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from rules.core.change import Change
from rules.core.config import Config
from rules.core.engine import Profile
from rules.core.review import review
from tests.bench.sample import SMALL, Sample, sample
from worker.analysis.job import whole
from worker.git.folder import FolderTree

BIN = Path(sys.executable).parent
DEAREST = 10


@dataclass(frozen=True, slots=True)
class Tool:
    """How one tool is called on the current folder, and the budget beside it.

    `at_least` is how many times as fast as the tool `check` has to be.
    """

    name: str
    command: tuple[str, ...]
    at_least: float
    small: bool = False


OURS = Tool(
    "backend-expert check",
    (str(BIN / "backend-expert"), "check", ".", "--format", "json", "--fail-on", "never"),
    1,
)
RUFF_BY_DEFAULT = (
    str(BIN / "ruff"), "check", ".", "--isolated", "--no-cache", "--exit-zero", "-q",
)  # fmt: skip
OTHERS = (
    Tool("ruff, all rules, one thread", (*RUFF_BY_DEFAULT, "--select", "ALL"), 1 / 8),
    Tool("pyflakes", (sys.executable, "-m", "pyflakes", "."), 1),
    Tool("bandit", (str(BIN / "bandit"), "-q", "-r", "."), 4),
    # It takes files and no folders.
    Tool(
        "flake8-async (on a part)",
        ("find", ".", "-name", "*.py", "-exec", str(BIN / "flake8-async"), "{}", "+"),
        60,
        small=True,
    ),
)


def processor_seconds(command: tuple[str, ...], folder: Path) -> float:
    """What running a command costs, its children included, when it is not its first time."""
    with tempfile.TemporaryDirectory() as short:
        (Path(short) / "short.py").write_text("answer = 42\n")
        _run(command, Path(short))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _run(command: tuple[str, ...], folder: Path) -> None:
    # An empty text stands for no such variable: the byte code that a tool has after its first run
    # may be written.
    environment = os.environ | {"RAYON_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    # Findings make most of these end with status 1.
    subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def tables() -> list[Table]:
    """Measure and show."""
    with tempfile.TemporaryDirectory() as folder:
        large = sample(Path(folder) / "large")
        small = sample(Path(folder) / "small", SMALL)
        return [_speeds(large, small), _dearest(large)]


def _speeds(large: Sample, small: Sample) -> Table:
    title = f"Analysis: {large.files} files, {large.lines:,} lines, one process, processor time"
    table = Table("tool", "seconds", "lines/s", "check is … as fast", "budget", "", title=title)
    mine = large.lines / processor_seconds(OURS.command, large.folder)
    table.add_row(OURS.name, f"{large.lines / mine:.1f}", f"{mine:,.0f}", "", "", "")
    for tool in OTHERS:
        of = small if tool.small else large
        seconds = processor_seconds(tool.command, of.folder)
        ratio = mine * seconds / of.lines
        table.add_row(
            tool.name,
            f"{seconds:.1f}",
            f"{of.lines / seconds:,.0f}",
            f"{ratio:.2f} x",
            f"{tool.at_least:.3g} x",
            "[green]met" if ratio >= tool.at_least else "[red]missed",
        )
    return table


def _dearest(large: Sample) -> Table:
    """Which rules take most of the time, by the engine's own profile."""
    profile = Profile()
    tree = FolderTree([large.folder], start=large.folder)
    files = tuple(file for file in whole(tree.entries()) if file.path.endswith(".py"))
    review(Change(tree, None, files), Config(), profile=profile)
    total = sum(profile.seconds.values())
    table = Table("rule", "seconds", "of all rules", title=f"The {DEAREST} dearest rules")
    dearest = sorted(profile.seconds.items(), key=lambda item: -item[1])[:DEAREST]
    for code, seconds in dearest:
        table.add_row(code, f"{seconds:.2f}", f"{seconds / total:.0%}")
    table.add_row("all", f"{total:.2f}", "100%")
    return table
