"""Commits of any local repository as trees and diffs, read without running anything of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rules.core.change import Entry, UnreadableFileError
from rules.core.patch import REGULAR, parse_diff, readable_path
from worker.git.command import (
    OPTIONS,
    GitError,
    NotARepositoryError,
    UnknownRevisionError,
    UnrelatedHistoriesError,
    UnsupportedRepositoryError,
    environment,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rules.core.change import ChangedFile

READ_LIMIT = 8 * 2**20
"""Bytes of the largest file that is read at all; what is reviewed is bounded tighter elsewhere."""

DIFF_OPTIONS = (
    "-r",
    "-z",
    "--raw",
    "--patch",
    "--unified=3",
    "--find-renames",
    "-l2000",
    "--diff-algorithm=myers",
    "--ignore-submodules=all",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
)


class Repository:
    """A local repository: bare, with a worktree, or shallow; any folder inside it will do.

    `objects` is a further folder of objects to look in, as `WorkingTree` writes one.
    Every method raises `GitError` with a sentence for the user.
    """

    def __init__(self, path: Path | str, *, objects: Path | None = None) -> None:
        self.path = Path(path)
        self.git_dir, names = _git_dir(self.path)
        # Read as a bare repository, so that no .gitattributes of a checkout is honoured.
        self._options = (f"--git-dir={self.git_dir}", "-c", "core.bare=true")
        self._extra = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)} if objects else {}
        self._blobs = Blobs(self._options, self._extra)
        if names != "sha1":
            message = f"{self.path} names its objects by SHA-256, which GitHub does not support."
            raise UnsupportedRepositoryError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads blobs; it starts again when needed."""
        self._blobs.close()

    def _git(self, *arguments: str) -> bytes:
        return run([*self._options, *arguments], extra=self._extra)

    def resolve(self, revision: str) -> str:
        """The full sha of the commit that `revision` names."""
        return self._sha_of(revision, "commit")

    def _sha_of(self, revision: str, kind: str) -> str:
        wanted = f"{revision}^{{{kind}}}"
        try:
            found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        except (GitError, ValueError):  # ValueError: a NUL byte in the revision.
            message = f"{self.path} has no {kind} {revision!r}."
            if self._is_shallow():
                message += " It is a shallow clone; fetch more of its history."
            raise UnknownRevisionError(message) from None
        return found.decode().split()[-1]

    def merge_base(self, one: str, other: str) -> str:
        """The sha of the best common ancestor of two revisions."""
        commits = (self.resolve(one), self.resolve(other))
        try:
            return self._git("merge-base", *commits).decode().split()[0]
        except (GitError, IndexError):
            reason = (
                "this clone is too shallow to know one; fetch more of its history"
                if self._is_shallow()
                else "their histories are unrelated"
            )
            message = f"{one!r} and {other!r} have no common ancestor: {reason}."
            raise UnrelatedHistoriesError(message) from None

    def _is_shallow(self) -> bool:
        return self._git("rev-parse", "--is-shallow-repository").strip() == b"true"

    def tree(self, revision: str) -> CommitTree:
        """The files of one commit (or tree), listed when first asked for."""
        return CommitTree(self, self._sha_of(revision, "tree"))

    def diff(self, base: str, head: str) -> tuple[ChangedFile, ...]:
        """What changed from commit (or tree) `base` to `head`, renames followed."""
        shas = (self.tree(base).sha, self.tree(head).sha)
        return parse_diff(self._git("diff-tree", *DIFF_OPTIONS, *shas, "--"))

    def list_tree(self, sha: str) -> dict[str, Entry]:
        """Every regular file of a tree; used by `CommitTree`."""
        listing = self._git("ls-tree", "-r", "-z", "--long", "--full-tree", sha, "--")
        return dict(_entries(listing))

    def plain_files(self, revision: str, paths: Collection[str]) -> frozenset[str]:
        """Those of the paths that are regular files in a commit which nobody can run."""
        tree = self._sha_of(revision, "tree")
        wanted = sorted(paths)
        listing = self._git(
            "--literal-pathspecs", "ls-tree", "-z", "--full-tree", tree, "--", *wanted
        )
        listed = (item.partition(b"\t") for item in listing.split(b"\0"))
        return frozenset(
            readable_path(path) for about, _, path in listed if about[:7] == b"100644 "
        )

    def read_blob(self, sha: str) -> bytes:
        """The content of a blob; raises `UnreadableFileError`."""
        return self._blobs.read(sha)


def _git_dir(path: Path) -> tuple[Path, str]:
    """The folder in which git keeps a repository, and the hash that names its objects."""
    if not path.exists():
        message = f"{path} does not exist."
        raise NotARepositoryError(message)
    folder = path if path.is_dir() else path.parent
    try:
        found = run(["rev-parse", "--absolute-git-dir", "--show-object-format"], cwd=folder)
    except GitError as error:
        if "not a git repository" not in str(error):
            raise
        message = f"{path} is not in a git repository."
        raise NotARepositoryError(message) from None
    git_dir, names = os.fsdecode(found).removesuffix("\n").rsplit("\n", 1)
    return Path(git_dir), names


def _entries(listing: bytes) -> Iterator[tuple[str, Entry]]:
    r"""Items like `100644 blob <sha>    <size>\t<path>`, each ended by a NUL."""
    for item in listing.split(b"\0"):
        about, tab, path = item.partition(b"\t")
        if not tab:
            continue
        mode, _, sha, size = about.decode("ascii").split()
        if mode in REGULAR:
            # A partial clone may lack the blob; git then says BAD for its size.
            yield readable_path(path), Entry(sha, int(size) if size.isdigit() else 0)


class CommitTree:
    """The files of one commit, a `Tree`."""

    def __init__(self, repository: Repository, sha: str) -> None:
        self.sha = sha
        self._repository = repository
        self._entries: dict[str, Entry] | None = None

    def entries(self) -> Mapping[str, Entry]:
        """Every regular file by its POSIX path."""
        if self._entries is None:
            self._entries = self._repository.list_tree(self.sha)
        return self._entries

    def read(self, path: str) -> bytes:
        """The content of a file; raises `UnreadableFileError`."""
        entry = self.entries().get(path)
        if entry is None:
            message = f"{path} is not in this commit"
            raise UnreadableFileError(message)
        if entry.size > READ_LIMIT:
            message = f"{path} has {entry.size} bytes, more than the {READ_LIMIT} that are read"
            raise UnreadableFileError(message)
        return self._repository.read_blob(entry.id)


class Blobs:
    """One long-lived `git cat-file --batch`, started at the first read; 50 blobs take about 4 ms."""

    def __init__(self, options: tuple[str, ...], extra: Mapping[str, str]) -> None:
        self._options = options
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, sha: str) -> bytes:
        """The content of the blob named by a full sha; raises `UnreadableFileError`."""
        try:
            return self._ask(sha)
        except (OSError, ValueError) as error:
            # git ended, as it does on a damaged object; the next read starts it anew.
            self.close()
            message = f"the content of blob {sha} cannot be read from the repository"
            raise UnreadableFileError(message) from error

    def _ask(self, sha: str) -> bytes:
        if self._process is None:
            self._process = self._start()
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise ValueError(sha)
        requests.write(f"{sha}\n".encode("ascii"))
        requests.flush()
        _, kind, size = answers.readline().split()
        content = answers.read(int(size))
        if kind != b"blob" or len(content) != int(size) or answers.read(1) != b"\n":
            raise ValueError(sha)
        return content

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["git", *OPTIONS, *self._options, "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(self._extra),
        )

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # What it did not take any more.
                    stream.close()
        process.wait()
