"""What lies between two commits of a mirror: the configuration at the base, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.change import UnreadableFileError
from rules.core.config_reading import load
from worker.git.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from rules.core.change import ChangedFile, Tree
    from rules.core.config import Config


@dataclass(frozen=True, slots=True)
class Compared:
    """A change, and how its repository wants to be reviewed.

    The configuration is that of the base, so a pull request cannot switch off what would find
    it; `notes` says what is wrong with it.
    """

    base: str
    head: str
    config: Config
    notes: tuple[str, ...]
    files: tuple[ChangedFile, ...]


def compare(mirror: Path, base: str, head: str) -> Compared:
    """Read both from a local repository. Blocks; raises `worker.git.command.GitError`."""
    with Repository(mirror) as repository:
        config, notes = _configuration_in(repository.tree(base))
        return Compared(base, head, config, notes, repository.diff(base, head))


def configuration(mirror: Path, sha: str) -> tuple[Config, tuple[str, ...]]:
    """How the repository wants to be reviewed, by its commit `sha`. Blocks."""
    with Repository(mirror) as repository:
        return _configuration_in(repository.tree(sha))


def _configuration_in(tree: Tree) -> tuple[Config, tuple[str, ...]]:
    def read(path: str) -> bytes | None:
        try:
            return tree.read(path) if path in tree.entries() else None
        except UnreadableFileError:
            return None

    return load(read)
