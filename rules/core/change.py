"""What changed between two versions of a project, and which lines can carry a comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree: the id of its content and its size in bytes."""

    id: str
    size: int


class Tree(Protocol):
    """The files of one version of a project: a commit, or a folder."""

    def entries(self) -> Mapping[str, Entry]:
        """Every regular file by its POSIX path; no submodules, no symbolic links."""
        ...

    def read(self, path: str) -> bytes:
        """The content of one of `entries()`; raises `UnreadableFileError` when it cannot be had."""
        ...


class UnreadableFileError(Exception):
    """A file that is listed in a tree could not be read."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `start` to `end` (1-based, inclusive) of the head version that a diff shows.

    GitHub takes a comment on any of them, context lines included, and a range only within one.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a change. `old_path` is its path in the base, None when it was added."""

    path: str
    old_path: str | None
    status: Literal["added", "modified", "renamed", "removed"]
    hunks: tuple[Hunk, ...]
    added: frozenset[int]


@dataclass(frozen=True, slots=True)
class Change:
    """Two versions of a project and what differs; without a base everything counts as new."""

    head: Tree
    base: Tree | None
    files: tuple[ChangedFile, ...]
