"""Versions of a project that live in memory."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from rules.core.change import Change, ChangedFile, Entry, Hunk, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryTree:
    """A tree of texts by path; a None is a file that cannot be read."""

    def __init__(self, files: dict[str, str | bytes | None]) -> None:
        self._files = files
        self.reads: list[str] = []

    def entries(self) -> dict[str, Entry]:
        return {
            path: Entry(sha1(_bytes(text)).hexdigest(), len(_bytes(text)))
            for path, text in self._files.items()
        }

    def read(self, path: str) -> bytes:
        self.reads.append(path)
        text = self._files[path]
        if text is None:
            message = "it could not be read"
            raise UnreadableFileError(message)
        return _bytes(text)


def _bytes(text: str | bytes | None) -> bytes:
    return text if isinstance(text, bytes) else (text or "").encode()


def change_of(
    base: dict[str, str | bytes | None] | None,
    head: dict[str, str | bytes | None],
    renames: dict[str, str] | None = None,
) -> Change:
    """The change from base to head; every line that the base did not have counts as added."""
    before = base or {}
    old_names = renames or {}
    files: list[ChangedFile] = []
    for path, text in head.items():
        old_path = old_names.get(path, path if path in before else None)
        old = before.get(old_path) if old_path else None
        if old_path == path and old == text:
            continue
        lines = _bytes(text).decode(errors="replace").splitlines()
        known = set(_bytes(old).decode(errors="replace").splitlines())
        added = frozenset(n for n, line in enumerate(lines, 1) if line not in known)
        status = "added" if old_path is None else ("modified" if old_path == path else "renamed")
        files.append(ChangedFile(path, old_path, status, (Hunk(1, max(len(lines), 1)),), added))
    gone = before.keys() - head.keys() - set(old_names.values())
    files.extend(ChangedFile(path, path, "removed", (), frozenset()) for path in sorted(gone))
    return Change(MemoryTree(head), MemoryTree(before) if base is not None else None, tuple(files))


def everything_new(texts: Mapping[str, str]) -> Change:
    """The change that adds all these files to nothing."""
    return change_of(None, dict(texts))
