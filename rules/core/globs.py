"""Path patterns as people write them in `.gitignore`, matched in linear time.

A pattern with a slash counts from the root, one without matches at any depth, and a pattern that
matches a folder takes everything in it. `**` is any number of folders. There are no regular
expressions of the user's, so no pattern can make the matching slow.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    type _Segment = Callable[[str], object] | None


def matches(patterns: tuple[str, ...], path: str) -> bool:
    """Whether any of the patterns takes in this POSIX path."""
    if not patterns:
        return False
    parts = path.split("/")
    return any(_takes(_segments(pattern), parts) for pattern in patterns)


@functools.lru_cache(maxsize=4096)
def _segments(pattern: str) -> tuple[_Segment, ...]:
    anchored = "/" in pattern.rstrip("/")
    names = [name for name in pattern.split("/") if name not in {"", "."}]
    if names and not anchored:
        names = ["**", *names]
    return tuple(None if name == "**" else _one(name) for name in names)


def _one(name: str) -> Callable[[str], object]:
    if not set(name) & set("*?["):
        return name.__eq__
    return re.compile(fnmatch.translate(name)).match


def _takes(segments: tuple[_Segment, ...], parts: list[str]) -> bool:
    """Match segment by segment, keeping the set of segments that may come next."""
    if not segments:
        return False
    reached = _skipping({0}, segments)
    if len(segments) in reached:
        return True
    for part in parts:
        reached = _skipping(_after(reached, segments, part), segments)
        if not reached:
            return False
        if len(segments) in reached:
            return True
    return False


def _after(reached: set[int], segments: tuple[_Segment, ...], part: str) -> set[int]:
    following: set[int] = set()
    for index in reached:
        segment = segments[index]
        if segment is None:
            following.add(index)
        elif segment(part) not in {None, False}:
            following.add(index + 1)
    return following


def _skipping(reached: set[int], segments: tuple[_Segment, ...]) -> set[int]:
    """Add what may come next when `**` stands for no folder at all."""
    for index, segment in enumerate(segments):
        if index in reached and segment is None:
            reached.add(index + 1)
    return reached
