"""Reviews from the command line: of files on disk, or of a range of commits."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rules.catalog import all_rules
from rules.core.baseline import Baseline
from rules.core.change import Change, ChangedFile, UnreadableFileError
from rules.core.config import Config
from rules.core.configuration.layers import (
    NOTHING,
    Above,
    Layered,
    PolicyError,
    policy_layer,
    repository_layer,
)
from rules.core.review import review
from worker.git.folder import FolderTree

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from rules.core.change import Tree
    from rules.core.configuration.layers import Layer
    from rules.core.findings import Review
    from worker.cli.progress import Begin
    from worker.git.repository import Repository

_MARKS_OF_A_ROOT = (".git", "pyproject.toml", ".github")


class UsageError(Exception):
    """What was asked for makes no sense; the message says what would."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line says over the head of the configuration, and the operator's policy."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    policy: Layer = NOTHING

    def configured(self, read_file: Callable[[str], bytes | None]) -> Layered:
        """The configuration of a version of a project, below the policy."""
        return Layered(repository_layer(read_file), Above(operator=self.policy))

    def over(self, config: Config) -> Config:
        """The configuration with these choices; raises `UsageError` for a word without a rule."""
        asked = Config(select=self.select or ("ALL",), ignore=self.ignore)
        if unknown := asked.unknown_rules(all_rules().values()):
            raise UsageError(unknown[0])
        select = self.select or config.select
        return replace(config, select=select, ignore=(*config.ignore, *self.ignore))


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review, what it was made of, and how to read the files that it speaks of."""

    review: Review
    config: Config
    root: Path
    tree: Tree


@dataclass(frozen=True, slots=True)
class Range:
    """Two revisions of a repository; without a base, where the head left the main branch."""

    repository: Path
    base: str | None
    head: str | None
    uncommitted: bool = False
    cache: Path | None = None
    """The folder for what was learnt of files; a second review reads only those that changed."""


def check(
    paths: Sequence[Path], choice: Choice, begin: Begin, *, baseline: bool = True
) -> Reviewed:
    """Review whole files; `begin` is told all paths, and what it returns each before it is read.

    What stands in the baseline of the project is left out, with `baseline`.
    """
    root = _root(paths)
    try:
        tree = FolderTree([path.absolute() for path in paths], start=root)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    layers = choice.configured(_reader(root))
    config = layers.config
    files = tuple(
        ChangedFile(path, None, "added", (), frozenset())
        for path in tree.entries()
        if path.endswith((".py", ".pyi")) or len(paths) == len(tree.entries())
    )
    step = begin([file.path for file in files])
    known, wrong = baseline_of(root, config) if baseline else (Baseline(), ())
    found = review(Change(tree, None, files), choice.over(config), progress=step, baseline=known)
    noted = replace(found, notes=(*layers.notes, *wrong, *found.notes))
    return Reviewed(noted, config, root, tree)


def baseline_of(root: Path, config: Config) -> tuple[Baseline, tuple[str, ...]]:
    """The baseline of a project on disk, and a sentence when it cannot be read."""
    data = _reader(root)(config.baseline) if config.baseline else None
    if data is None:
        return Baseline(), ()
    baseline, notes = Baseline.read(data, config.baseline)
    return baseline.within(lambda path: (root / path).exists()), notes


def read_policy(path: Path | None) -> Layer:
    """The operator's policy in a file; raises `UsageError` for one that the service would refuse."""
    if path is None:
        return NOTHING
    try:
        return policy_layer(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The policy cannot be read from {path}: {error.strerror}.") from error
    except (PolicyError, UnicodeDecodeError) as error:
        raise UsageError(f"The policy in {path} {error}") from error


@contextmanager
def review_range(wanted: Range, choice: Choice, begin: Begin) -> Generator[Reviewed]:
    """Review what a range of commits changes, in a bounded child process.

    The configuration is that of the base, so that a change cannot soften its own review. Raises `UsageError` when there is no such repository or revision.
    """
    from worker.analysis.job import Commits, Job
    from worker.analysis.sandbox import AnalysisFailedError, review_job
    from worker.git.command import GitError

    try:
        with _opened(wanted) as (repository, head, objects):
            base = repository.merge_base(_base(repository, wanted), wanted.head or "HEAD")
            before, after = repository.tree(base), repository.tree(head)
            layers = choice.configured(_reader_of(before))
            files = repository.diff(base, head)
            step = begin([file.path for file in files])
            job = Job(
                Commits(wanted.repository.absolute(), after.sha, before.sha, objects),
                files,
                choice.over(layers.config),
                cache=wanted.cache,
            )
            found = review_job(job, step)
            noted = replace(found, notes=(*layers.notes, *found.notes))
            yield Reviewed(noted, layers.config, wanted.repository, after)
    except (GitError, AnalysisFailedError) as error:
        raise UsageError(str(error)) from error


@contextmanager
def _opened(wanted: Range) -> Generator[tuple[Repository, str, Path | None]]:
    """The repository, the head in it, and where the objects of an uncommitted head are."""
    if wanted.uncommitted:
        from worker.git.working_tree import WorkingTree

        with WorkingTree(wanted.repository) as worktree:
            yield worktree.repository, worktree.tree, worktree.objects
    else:
        from worker.git.repository import Repository

        with Repository(wanted.repository) as repository:
            yield repository, repository.resolve(wanted.head or "HEAD"), None


def _base(repository: Repository, wanted: Range) -> str:
    """The base that was asked for, or the main branch."""
    from worker.git.command import GitError

    if wanted.base:
        return wanted.base
    for name in ("origin/HEAD", "origin/main", "origin/master", "main", "master"):
        with suppress(GitError):
            repository.resolve(name)
            return name
    message = "There is no main branch to compare with; name one with --base."
    raise UsageError(message)


def _root(paths: Sequence[Path]) -> Path:
    """The project that the paths belong to; a path in vendored code is a project of its own."""
    first = Path(os.path.normpath(paths[0].absolute()))
    folder = first if first.is_dir() else first.parent
    for parent in (folder, *folder.parents):
        if any((parent / mark).exists() for mark in _MARKS_OF_A_ROOT):
            inside = folder.relative_to(parent).as_posix()
            return folder if Config().is_vendored(inside) else parent
    here = Path.cwd()
    return here if folder.is_relative_to(here) else folder


def _reader(root: Path) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except OSError:
            return None

    return read


def _reader_of(tree: Tree) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        try:
            return tree.read(path) if path in tree.entries() else None
        except UnreadableFileError:
            return None

    return read
