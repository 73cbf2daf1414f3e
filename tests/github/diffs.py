"""The diff of a pull request as `/files` shows it, and the lines that can carry a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.git import GitRepository
    from tests.github.state import Anchor

HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
STATUS = {
    "A": "added",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True)
class DiffLine:
    """One line of a patch: where it is on each side (None if absent) and its position."""

    left: int | None
    right: int | None
    hunk: int
    position: int
    text: str


@dataclass(frozen=True)
class FileDiff:
    """One changed file. `patch` is None for binary files, pure renames and what is too large."""

    path: str
    previous: str | None
    status: str
    blob: str
    old_blob: str
    patch: str | None
    additions: int
    deletions: int

    def line(self, side: str, number: int) -> DiffLine | None:
        """Return the line of the patch that shows `number` on `side`, or None."""
        return _numbered(self.patch or "").get((side, number))


@lru_cache(maxsize=256)
def changed_files(git: GitRepository, base: str, head: str) -> tuple[FileDiff, ...]:
    """Return the files that differ between two commits, in git's order, with 3 lines of context."""
    raw = git.run("diff", "--raw", "-z", "-M", "--no-abbrev", base, head, "--").decode(
        errors="replace"
    )
    patch = git.run("diff", "-M", "-U3", "--no-color", "--no-ext-diff", base, head, "--")
    patches = _patches(patch.decode(errors="replace"))
    return tuple(_file_diff(entry, next(patches, None)) for entry in _raw_entries(raw))


def _file_diff(entry: tuple[str, ...], patch: str | None) -> FileDiff:
    status, old_blob, blob, previous, path = entry
    lines = (patch or "").split("\n")
    return FileDiff(
        path=path,
        previous=previous if previous != path else None,
        status=STATUS[status],
        blob=blob if status != "D" else old_blob,
        old_blob=old_blob,
        patch=patch,
        additions=sum(line.startswith("+") for line in lines),
        deletions=sum(line.startswith("-") for line in lines),
    )


def _raw_entries(raw: str) -> Iterator[tuple[str, ...]]:
    """Yield (status letter, old blob, new blob, old path, new path)."""
    fields = iter(raw.split("\0"))
    for head in fields:
        if not head:
            continue
        _, _, old_blob, blob, status = head.split(" ")
        old = next(fields)
        new = next(fields) if status[0] in "RC" else old
        yield status[0], old_blob, blob, old, new


def _patches(text: str) -> Iterator[str | None]:
    for section in re.split(r"^diff --git .*\n", text, flags=re.MULTILINE)[1:]:
        start = re.search(r"^@@ ", section, flags=re.MULTILINE)
        yield section[start.start() :].removesuffix("\n") if start else None


@lru_cache(maxsize=1024)
def _numbered(patch: str) -> dict[tuple[str, int], DiffLine]:
    found: dict[tuple[str, int], DiffLine] = {}
    for line in patch_lines(patch):
        if line.left is not None:
            found["LEFT", line.left] = line
        if line.right is not None:
            found["RIGHT", line.right] = line
    return found


def patch_lines(patch: str) -> Iterator[DiffLine]:
    """Yield the content lines of a patch; positions count from the first hunk's header."""
    left = right = 0
    hunk = -1
    for position, text in enumerate(patch.split("\n")):
        header = HUNK.match(text)
        if header:
            left, right, hunk = int(header[1]), int(header[3]), hunk + 1
        elif text[:1] in (" ", "+", "-"):
            has_left, has_right = text[0] != "+", text[0] != "-"
            yield DiffLine(
                left if has_left else None, right if has_right else None, hunk, position, text
            )
            left, right = left + has_left, right + has_right


def hunk_up_to(patch: str, line: DiffLine) -> str:
    """Return the hunk from its header to `line`, as `diff_hunk` holds it."""
    lines = patch.split("\n")[: line.position + 1]
    start = max(index for index, text in enumerate(lines) if HUNK.match(text))
    return "\n".join(lines[start:])


def find_file(git: GitRepository, base: str, head: str, path: str) -> FileDiff | None:
    """Return the changed file of that (new) path, or None."""
    return next((file for file in changed_files(git, base, head) if file.path == path), None)


def relocate(git: GitRepository, anchor: Anchor, merge_base: str, head: str) -> Anchor | None:
    """Return where `anchor` stands in a newer diff, or None if it is outdated."""
    file = find_file(git, merge_base, head, anchor.path)
    if file is None:
        return None
    if anchor.line is None:
        return replace(anchor, commit=head, merge_base=merge_base)
    line = _moved(git, anchor, anchor.side, anchor.line, (merge_base, head))
    start = anchor.start_line and _moved(
        git, anchor, anchor.start_side, anchor.start_line, (merge_base, head)
    )
    shown = line and file.line(anchor.side, line)
    if not shown or (
        anchor.start_line and not (start and file.line(anchor.start_side or "RIGHT", start))
    ):
        return None
    moved = replace(anchor, commit=head, merge_base=merge_base, line=line, start_line=start)
    return replace(moved, position=shown.position, hunk=anchor.hunk)


def _moved(
    git: GitRepository, anchor: Anchor, side: str | None, number: int, new: tuple[str, str]
) -> int | None:
    """Return the number that an unchanged line has in the newer version, or None."""
    old_commit, new_commit = (
        (anchor.merge_base, new[0]) if side == "LEFT" else (anchor.commit, new[1])
    )
    patch = git.run_cached(
        "diff", "-U0", "--no-color", old_commit, new_commit, "--", anchor.path
    ).decode(errors="replace")
    shift = 0
    for header in filter(None, map(HUNK.match, patch.split("\n"))):
        start, count = int(header[1]), int(header[2] or 1)
        if count and start <= number < start + count:
            return None
        if number >= start + (count or 1):
            shift += int(header[4] or 1) - count
    return number + shift
