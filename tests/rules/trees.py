"""Versions of a project that live in memory."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from rules.core.change import Change, ChangedFile, Entry, Hunk

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class MemoryTree:
    """A tree of texts by path."""

    texts: Mapping[str, str]

    def entries(self) -> Mapping[str, Entry]:
        return {
            path: Entry(sha256(text.encode()).hexdigest(), len(text.encode()))
            for path, text in self.texts.items()
        }

    def read(self, path: str) -> bytes:
        return self.texts[path].encode()


def everything_new(texts: Mapping[str, str]) -> Change:
    """The change that adds all these files to nothing."""
    files = tuple(_added(path, text) for path, text in sorted(texts.items()))
    return Change(MemoryTree(texts), None, files)


def _added(path: str, text: str) -> ChangedFile:
    count = text.count("\n") + (not text.endswith("\n"))
    return ChangedFile(path, None, "added", (Hunk(1, count),), frozenset(range(1, count + 1)))
