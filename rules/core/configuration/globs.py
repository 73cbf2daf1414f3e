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

    type _Match = Callable[[str], object]
    type _Segment = _Match | None


def matches(patterns: tuple[str, ...], path: str) -> bool:
    """Whether any of the patterns takes in this POSIX path."""
    if not patterns:
        return False
    parts = path.split("/")
    names, wild, others = _sorted(patterns)
    return (
        not names.isdisjoint(parts)
        or any(match(part) for match in wild for part in parts)
        or any(_takes(segments, parts) for segments in others)
    )


@functools.lru_cache(maxsize=64)
def _sorted(
    patterns: tuple[str, ...],
) -> tuple[frozenset[str], tuple[_Match, ...], tuple[tuple[_Segment, ...], ...]]:
    """Patterns by what they cost: plain names at any depth, other names there, and the rest."""
    bare = {pattern for pattern in patterns if pattern.strip("/.") and "/" not in pattern}
    plain = {pattern for pattern in bare if not set(pattern) & set("*?[")}
    wild = tuple(_one(pattern) for pattern in patterns if pattern in bare - plain - {"**"})
    rest = tuple(_segments(p) for p in patterns if p not in bare or p == "**")
    return frozenset(plain), wild, rest


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
