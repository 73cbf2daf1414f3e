"""What a child process is asked to review, as plain data."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.change import Change, ChangedFile
from rules.core.config import Config

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from rules.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use; times are in seconds, sizes in bytes.

    `file_seconds` bounds the wall time spent on one file, `review_seconds` that of the whole.
    `memory_bytes` is counted from what its parent had mapped. After `restarts` deaths the files
    that were not reached are left out.
    """

    file_seconds: float = 20
    review_seconds: float = 300
    restarts: int = 5
    cpu_seconds: int = 600
    memory_bytes: int = 2 * 2**30
    open_files: int = 128
    result_bytes: int = 32 * 2**20
    cache_bytes: int = 512 * 2**20
    niceness: int = 5


@dataclass(frozen=True, slots=True)
class Commits:
    """Two commits (or trees) of a repository on this machine; without `base` all is new.

    `objects` is the folder of a `WorkingTree`, when `head` is the tree of one.
    """

    repository: Path
    head: str
    base: str | None = None
    objects: Path | None = None

    @contextmanager
    def opened(self, files: tuple[ChangedFile, ...]) -> Generator[Change]:
        """The change between the two; raises `worker.git.command.GitError`."""
        from worker.git.repository import Repository

        with Repository(self.repository, objects=self.objects) as repository:
            base = repository.tree(self.base) if self.base else None
            yield Change(repository.tree(self.head), base, files)


@dataclass(frozen=True, slots=True)
class Folders:
    """Files and folders on disk, all of which counts as new; see `worker.git.folder.FolderTree`."""

    paths: tuple[Path, ...]
    start: Path

    @contextmanager
    def opened(self, files: tuple[ChangedFile, ...]) -> Generator[Change]:
        """The files as a change from nothing, all of them unless `files` says which."""
        from worker.git.folder import FolderTree

        tree = FolderTree(self.paths, start=self.start)
        yield Change(tree, None, files or whole(tree.entries()))


def whole(paths: Mapping[str, object]) -> tuple[ChangedFile, ...]:
    """Every path as an added file."""
    return tuple(ChangedFile(path, None, "added", (), frozenset()) for path in paths)


@dataclass(frozen=True, slots=True)
class Job:
    """One review: where to read from, what changed, and how.

    `analyse` is the dotted name of the function that reviews, with the signature of
    `rules.core.review.review`, and with a `wanted` when there is any, as
    `rules.core.repair.repaired` has it. `cache` is the folder in which facts are kept.
    """

    source: Commits | Folders
    files: tuple[ChangedFile, ...] = ()
    config: Config = field(default_factory=Config)
    avoid: Mapping[str, str] = field(default_factory=dict[str, str])
    full: bool = False
    fixes: bool = True
    cache: Path | None = None
    limits: Limits = field(default_factory=Limits)
    analyse: str = "rules.core.review:review"
    wanted: tuple[Finding, ...] = ()
