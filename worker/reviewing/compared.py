"""What lies between two commits of a mirror: the configuration at the base, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.git.repository import Repository
from worker.reviewing.configured import layered
from worker.reviewing.preview import preview

if TYPE_CHECKING:
    from pathlib import Path

    from rules.core.change import ChangedFile
    from rules.core.config import Config
    from rules.core.configuration.layers import Above, Layered


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


def compare(mirror: Path, base: str, head: str, above: Above) -> Compared:
    """Read both from a local repository. Blocks; raises `worker.git.command.GitError`."""
    with Repository(mirror) as repository:
        before, after = repository.tree(base), repository.tree(head)
        layers = layered(before, above, base)
        files = repository.diff(base, head)
        told = preview(before, after, files, above)
        return Compared(base, head, layers.config, (*layers.notes, *told), files)


def configuration(mirror: Path, sha: str, above: Above) -> Layered:
    """How the repository is reviewed, by its commit `sha`. Blocks."""
    with Repository(mirror) as repository:
        return layered(repository.tree(sha), above, sha)
