"""Reading diffs: GitHub's `patch` of one file, and what `git diff-tree` prints for a whole change."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from rules.core.change import ChangedFile, Hunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unidiff.patch import PatchedFile

REGULAR = ("100644", "100755", "100664")
"""Modes of regular files; 120000 is a symbolic link, 160000 a submodule, 000000 nothing."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What the diff of one file says of its head version: shown lines and added lines, 1-based."""

    hunks: tuple[Hunk, ...] = ()
    added: frozenset[int] = frozenset()


def parse_patch(text: str) -> Patch | None:
    """Hunks and added lines of one file's hunks, as in the `patch` field of GitHub's `/files`.

    `text` begins with `@@` (or is empty). None when it cannot be trusted: a hunk that lies about
    its length, hunks out of order, or anything that is not a hunk.
    """
    if not text:
        return Patch()
    try:
        patched = _read(text.removesuffix("\n"))
    except (UnidiffParseError, ValueError):  # int() raises ValueError on absurdly long numbers.
        return None
    if patched is None:
        return None
    hunks = tuple(
        Hunk(hunk.target_start, hunk.target_start + hunk.target_length - 1)
        for hunk in patched
        if hunk.target_length
    )
    if any(after.start <= before.end for before, after in pairwise(hunks)):
        return None
    return Patch(hunks, frozenset(_added(patched)))


def _read(text: str) -> PatchedFile | None:
    """The one file in `text`, or None if unidiff left a line of it unread."""
    # StringIO splits at \n only, as git does, so a carriage return stays within its line.
    patches = PatchSet(StringIO(f"--- a/file\n+++ b/file\n{text}\n"))
    read = sum(1 + len(hunk) for patched in patches for hunk in patched)
    return patches[0] if len(patches) == 1 and read == text.count("\n") + 1 else None


def _added(patched: PatchedFile) -> Iterator[int]:
    for hunk in patched:
        for line in hunk:
            if line.is_added and line.target_line_no is not None:
                yield line.target_line_no


def parse_diff(output: bytes) -> tuple[ChangedFile, ...]:
    """The changed files in what `git diff-tree -r -z --raw -p -M` prints for two trees.

    Paths come from the raw records, which git never quotes; the patches follow in the same order.
    Submodules and symbolic links are left out, a file that becomes one counts as removed.
    """
    raw, separator, patch = output.partition(b"\0\0")
    patches = _patches(patch) if separator else iter(())
    fields = iter(raw.split(b"\0"))
    found = (_changed_file(record, fields, patches) for record in fields if record)
    return tuple(file for file in found if file is not None)


def _patches(patch: bytes) -> Iterator[str]:
    """The hunks of each file; only the line that begins a file's part starts with `diff`."""
    # Only lines are counted, so any encoding that cannot fail and keeps \n will do.
    for part in f"\n{patch.decode('latin-1')}".split("\ndiff --git ")[1:]:
        _, found, hunks = part.partition("\n@@ ")
        yield f"@@ {hunks}" if found else ""


def _changed_file(
    record: bytes, fields: Iterator[bytes], patches: Iterator[str]
) -> ChangedFile | None:
    old_mode, mode, _, _, letter = record.decode("latin-1").removeprefix(":").split(" ")
    old_path = path = readable_path(next(fields))
    if letter[0] in "RC":
        path = readable_path(next(fields))
    text = next(patches, "")
    if letter[0] == "T":  # git prints a change of type as a removal and an addition.
        text = next(patches, "")
    was, is_now = old_mode in REGULAR, mode in REGULAR
    if not was and not is_now:
        return None
    if not is_now:
        return ChangedFile(old_path, old_path, "removed", (), frozenset())
    parsed = parse_patch(text) or Patch()
    if not was or letter[0] == "C":
        return ChangedFile(path, None, "added", parsed.hunks, parsed.added)
    status = "renamed" if letter[0] == "R" else "modified"
    return ChangedFile(path, old_path, status, parsed.hunks, parsed.added)


def readable_path(path: bytes) -> str:
    r"""A path as text; bytes that are not UTF-8 are spelled `\xff`, so that it can be shown."""
    return path.decode("utf-8", "backslashreplace")
