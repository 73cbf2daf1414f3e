"""What lies between two commits of a mirror: the configuration at the base, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.config_reading import load
from worker.git.repository import Repository
from worker.reviewing.configured import reader
from worker.reviewing.preview import preview

if TYPE_CHECKING:
    from pathlib import Path

    from rules.core.change import ChangedFile, Tree
    from rules.core.config import Config


@dataclass(frozen=True, slots=True)
class Compared:
    """A change, and how its repository wants to be reviewed.

    The configuration is that of the base, so a pull request cannot switch off what would find
    it; `notes` says what is wrong with it, and what the change would make of it.
    """

    base: str
    head: str
    config: Config
    notes: tuple[str, ...]
    files: tuple[ChangedFile, ...]


def compare(mirror: Path, base: str, head: str) -> Compared:
    """Read both from a local repository. Blocks; raises `worker.git.command.GitError`."""
    with Repository(mirror) as repository:
        before, after = repository.tree(base), repository.tree(head)
        config, notes = _configuration_in(before)
        files = repository.diff(base, head)
        return Compared(base, head, config, (*notes, *preview(before, after, files)), files)


def configuration(mirror: Path, sha: str) -> tuple[Config, tuple[str, ...]]:
    """How the repository wants to be reviewed, by its commit `sha`. Blocks."""
    with Repository(mirror) as repository:
        return _configuration_in(repository.tree(sha))


def _configuration_in(tree: Tree) -> tuple[Config, tuple[str, ...]]:
    return load(reader(tree))
