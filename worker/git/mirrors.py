"""A bounded cache of bare mirrors, one per repository, shared by all processes of a machine."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from worker.git.command import GitError
from worker.git.fetch import (
    REFS,
    DamagedMirrorError,
    TransientFetchError,
    fetch_commits,
    run_watched,
)
from worker.git.locks import locked, locked_if_free

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from pathlib import Path

SHA = re.compile(r"[0-9a-f]{40}\Z")

KEPT_COMMITS = 32
"""Commits that stay in a mirror when it is tidied, which happens at twice as many."""


class Mirrors:
    """Bare mirrors below `root`, together at most about `max_bytes` large.

    The least recently used go first; one that is in use never goes. Any number of processes may
    share `root`. Every error is a `worker.git.fetch.FetchError`; none shows the token.
    """

    def __init__(self, root: Path, max_bytes: int, *, seconds: float = 300) -> None:
        """A fetch that takes longer than `seconds` is a `TransientFetchError`."""
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._max_bytes = max_bytes
        self._seconds = seconds

    @asynccontextmanager
    async def fetched(
        self,
        clone_url: str,
        repository_id: int,
        shas: Iterable[str],
        token: str | None = None,
    ) -> AsyncGenerator[Path]:
        """A mirror that has these commits (full shas); it is left alone until the block ends."""
        wanted = sorted(set(shas))
        if not all(map(SHA.match, wanted)):
            message = "a commit must be named by its full sha"
            raise ValueError(message)
        mirror = self._root / f"{int(repository_id)}.git"
        async with locked(mirror.with_suffix(".used"), shared=True):
            mirror.with_suffix(".used").touch()
            async with locked(mirror.with_suffix(".fetching")):
                await _bring(mirror, clone_url, wanted, token, self._seconds)
                await asyncio.to_thread(_record_size, mirror)
            yield mirror
        await self._tidy(mirror)

    async def fetch(
        self,
        clone_url: str,
        repository_id: int,
        shas: Iterable[str],
        token: str | None = None,
    ) -> Path:
        """Like `fetched`, for a short look: nothing keeps the mirror from being evicted after."""
        async with self.fetched(clone_url, repository_id, shas, token) as path:
            return path

    async def discard(self, repository_id: int) -> None:
        """Remove a mirror, as when its repository is gone; the next fetch starts anew."""
        mirror = self._root / f"{int(repository_id)}.git"
        async with locked(mirror.with_suffix(".fetching")):
            await asyncio.to_thread(_remove, mirror)

    def repository_ids(self) -> frozenset[int]:
        """GitHub's ids of the repositories that have a mirror here."""
        names = (mirror.stem for mirror in self._root.glob("*.git"))
        return frozenset(int(name) for name in names if name.isdecimal())

    async def _tidy(self, mirror: Path) -> None:
        with locked_if_free(mirror.with_suffix(".used")) as alone:
            if alone:
                await _forget_old_commits(mirror)
        await asyncio.to_thread(self._evict, mirror)

    def _evict(self, newest: Path) -> None:
        """Remove the longest unused mirrors until the rest fits; `newest` always stays."""
        mirrors = sorted(self._root.glob("*.git"), key=_last_used)
        total = sum(map(_known_size, mirrors))
        for mirror in mirrors:
            if total <= self._max_bytes:
                return
            if mirror == newest:
                continue
            with locked_if_free(mirror.with_suffix(".used")) as alone:
                if alone:
                    total -= _known_size(mirror)
                    _remove(mirror)


async def _bring(
    mirror: Path, clone_url: str, shas: list[str], token: str | None, seconds: float
) -> None:
    """Fetch what is missing; a damaged mirror is replaced by a new one, once."""
    try:
        await _bring_into(mirror, clone_url, shas, token, seconds)
    except DamagedMirrorError:
        await asyncio.to_thread(_remove, mirror)
        try:
            await _bring_into(mirror, clone_url, shas, token, seconds)
        except DamagedMirrorError as error:
            raise TransientFetchError(str(error)) from error


async def _bring_into(
    mirror: Path, clone_url: str, shas: list[str], token: str | None, seconds: float
) -> None:
    if not (mirror / "HEAD").exists():
        await run_watched(["init", "--quiet", "--bare", "--template=", "--", str(mirror)])
    missing = [sha for sha in shas if not (mirror / REFS / sha).exists()]
    if missing:
        await fetch_commits(mirror, clone_url, missing, token, seconds=seconds)
    await _verify(mirror, shas)
    for sha in shas:
        (mirror / REFS / sha).touch()


async def _verify(mirror: Path, shas: list[str]) -> None:
    """Refs may outlive their objects when a disk fills up; a commit must have its tree."""
    asked = "".join(f"{sha}^{{tree}}\n" for sha in shas).encode("ascii")
    try:
        answer = await run_watched(
            [f"--git-dir={mirror}", "cat-file", "--batch-check=%(objecttype)"], given=asked
        )
    except GitError as error:
        raise DamagedMirrorError(str(error)) from error
    refs_stand = all((mirror / REFS / sha).exists() for sha in shas)
    if answer.split() != [b"tree"] * len(shas) or not refs_stand:
        message = "the mirror lacks objects that it should have"
        raise DamagedMirrorError(message)


async def _forget_old_commits(mirror: Path) -> None:
    refs = sorted((mirror / REFS).glob("*"), key=_modified)
    if len(refs) <= 2 * KEPT_COMMITS:
        return
    gone = "".join(f"delete {REFS}/{ref.name}\n" for ref in refs[:-KEPT_COMMITS])
    git_dir = f"--git-dir={mirror}"
    try:
        await run_watched([git_dir, "update-ref", "--stdin"], given=gone.encode("ascii"))
        # Packed refs would lose the times by which the oldest are found.
        collect = ["-c", "gc.packRefs=false", "gc", "--quiet", "--prune=now"]
        await run_watched([git_dir, *collect], seconds=600)
        await asyncio.to_thread(_record_size, mirror)
    except (GitError, TimeoutError):
        await asyncio.to_thread(_remove, mirror)


def _remove(mirror: Path) -> None:
    """Set it aside first, so that nobody meets it half removed."""
    aside = mirror.with_name(f"{mirror.name}.{uuid.uuid4().hex}.removed")
    with contextlib.suppress(FileNotFoundError):
        mirror.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
    mirror.with_suffix(".size").unlink(missing_ok=True)


def _record_size(mirror: Path) -> None:
    mirror.with_suffix(".size").write_text(str(_size(mirror)))


def _size(mirror: Path) -> int:
    total = 0
    for folder, _, names in mirror.walk():
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (folder / name).lstat().st_size
    return total


def _known_size(mirror: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(mirror.with_suffix(".size").read_text())
    return 0


def _last_used(mirror: Path) -> float:
    return _modified(mirror.with_suffix(".used"))


def _modified(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0
