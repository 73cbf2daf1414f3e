"""`python -m tests.bench [analysis|again|growth|webhook|push|pages|stranger ...]`: measure, and print tables."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from tests.bench import again, linking, linters, pages, pushing, receiving, stranger

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

PARTS: dict[str, Callable[[], list[Table]]] = {
    "analysis": linters.tables,
    "again": lambda: [again.table()],
    "growth": lambda: [linking.table()],
    "webhook": lambda: [receiving.table()],
    "push": lambda: [pushing.table()],
    "pages": pages.tables,
    "stranger": lambda: [stranger.table()],
}


def main(wanted: list[str]) -> int:
    """Run the wanted parts, or all; the status says only whether they could be measured."""
    console = Console()
    if unknown := set(wanted) - set(PARTS):
        console.print(f"There is no part {', '.join(sorted(unknown))}; there are {list(PARTS)}.")
        return 2
    for name in wanted or PARTS:
        with console.status(f"Measuring {name} …"):
            tables = PARTS[name]()
        for table in tables:
            console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
