"""Whether reviewing grows in step with its input: ten times the files, at most twelve the cost.

`python -m tests.bench.linking 20000` measures one size alone: 100 lines a file, so two million.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from rich.table import Table

from rules.core.change import Change, ChangedFile, Entry
from rules.core.config import Config
from rules.core.review import review

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SMALL = 200
GROWTH = 10
BUDGET = 12.0

MODULE = """
import sqlite3

from service.part_{before} import load_{before}, store_{before}


def load_{number}(connection: sqlite3.Connection, key: str) -> object:
    row = connection.execute("SELECT value FROM table_{number} WHERE key = ?", (key,)).fetchone()
    return row or load_{before}(connection, key)


def store_{number}(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS table_{number} (key TEXT, value TEXT)")
    connection.execute("INSERT INTO table_{number} VALUES (?, ?)", (key, value))
    store_{before}(connection, key, value)


async def answer_{number}(connection: sqlite3.Connection, key: str) -> object:
    return load_{number}(connection, key)
"""


class MemoryTree:
    """Files made up for the measurement, a `Tree`."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def entries(self) -> dict[str, Entry]:
        """Every file."""
        return {
            path: Entry(f"{path}:{len(content)}", len(content))
            for path, content in self._files.items()
        }

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return self._files[path]


LARGE = 200
"""Files of 100 lines, in a process of its own: what is measured is its processor time and memory."""
FUNCTIONS = 5


def table() -> Table:
    """Measure and show."""
    shown = Table("what", "files", "seconds", "growth", "budget", "", title="Linear growth")
    for what, measure in (
        ("one chain of calls through all files, one file changed", _link),
        ("every file reviewed", _review),
    ):
        few, many = _best(measure, SMALL), _best(measure, SMALL * GROWTH)
        verdict = "[green]met" if many <= few * BUDGET else "[red]missed"
        shown.add_row(what, str(SMALL), f"{few:.3f}")
        growth = f"{many / few:.1f} x"
        shown.add_row("", str(SMALL * GROWTH), f"{many:.3f}", growth, f"{BUDGET:.0f} x", verdict)
    few, many = _alone(LARGE), _alone(LARGE * GROWTH)
    for what, less, more in zip(("processor seconds", "megabytes"), few, many, strict=True):
        verdict = "[green]met" if more <= less * BUDGET else "[red]missed"
        shown.add_row(
            f"{what}, one changed file of 100-line files, cold and warm", str(LARGE), f"{less:.1f}"
        )
        growth = f"{more / less:.1f} x"
        shown.add_row("", str(LARGE * GROWTH), f"{more:.1f}", growth, f"{BUDGET:.0f} x", verdict)
    return shown


def _alone(count: int) -> tuple[float, float]:
    """Processor seconds and megabytes of a process that reviews so many files."""
    command = [sys.executable, "-m", "tests.bench.linking", str(count)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), float(said[1])


def _measure(count: int) -> str:
    """One changed file reviewed: first with every file to be read, then with all facts known."""
    tree, facts = _wide(count), dict[str, bytes]()
    change = Change(tree, tree, (_whole(f"service/part_{count - 1}.py"),))
    review(change, Config(), facts=facts)
    review(change, Config(), facts=facts)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return f"{used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss / 1024:.1f}"


def _wide(count: int) -> MemoryTree:
    """Files of 100 lines, each calling those of the file before."""
    texts = {
        f"service/part_{number}.py": "".join(
            MODULE.format(number=f"{number}_{here}", before=f"{max(0, number - 1)}_{here}")
            for here in range(FUNCTIONS)
        )
        for number in range(count)
    }
    named = re.compile(r"service\.part_(\d+)_\d+ ")
    return MemoryTree(
        {path: named.sub(r"service.part_\1 ", text).encode() for path, text in texts.items()}
    )


def _best(measure: Callable[[int], float], count: int) -> float:
    return min(measure(count) for _ in range(3))


def _link(count: int) -> float:
    """With all facts known already, so that linking is what remains."""
    tree, facts = _project(count), dict[str, bytes]()
    changed = (_whole(f"service/part_{count - 1}.py"),)
    review(Change(tree, tree, changed), Config(), facts=facts)
    began = time.perf_counter()
    review(Change(tree, tree, changed), Config(), facts=facts)
    return time.perf_counter() - began


def _review(count: int) -> float:
    tree = _project(count)
    files = tuple(map(_whole, tree.entries()))
    began = time.perf_counter()
    review(Change(tree, None, files), Config())
    return time.perf_counter() - began


def _project(count: int) -> MemoryTree:
    return MemoryTree(
        {
            f"service/part_{number}.py": MODULE.format(
                number=number, before=max(0, number - 1)
            ).encode()
            for number in range(count)
        }
    )


def _whole(path: str) -> ChangedFile:
    return ChangedFile(path, None, "added", (), frozenset())


if __name__ == "__main__":
    sys.stdout.write(_measure(int(sys.argv[1])))
