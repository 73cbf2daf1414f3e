"""A progress bar for long reviews, on the standard error of an interactive terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    type Step = Callable[[str], None]
    type Begin = Callable[[Sequence[str]], Step]

MANY_FILES = 150
"""Fewer are reviewed in less than a second."""


@contextmanager
def progress() -> Generator[Begin]:
    """What a review calls with all its paths, to get what it calls before each of them."""
    bars = _Bars()
    try:
        yield bars.begin
    finally:
        bars.end()


class _Bars:
    def __init__(self) -> None:
        self.end: Callable[[], None] = lambda: None

    def begin(self, paths: Sequence[str]) -> Step:
        if len(paths) < MANY_FILES or not sys.stderr.isatty():
            return lambda _: None
        # Slow to import and seldom needed.
        from rich.console import Console
        from rich.progress import Progress

        bar = Progress(console=Console(stderr=True), transient=True)
        task = bar.add_task("Reviewing", total=len(paths))
        bar.start()
        self.end = bar.stop
        return lambda _: bar.advance(task)
