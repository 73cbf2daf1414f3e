"""What the head shows around the findings: their lines, as the history has them, and its paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.core.change import UnreadableFileError
from worker.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from app.db.findings import Frame
    from rules.core.change import Tree
    from rules.core.findings import Finding

AROUND = 3
MOST_LINES = 40
LONGEST_LINE = 300


def surroundings(
    mirror: Path, head: str, findings: Iterable[Finding]
) -> tuple[dict[str, Frame], frozenset[str]]:
    """The frame of each finding by fingerprint, none where the file cannot be read; and all paths.

    Blocks; git is asked for the blobs.
    """
    with Repository(mirror) as repository:
        tree, read = repository.tree(head), dict[str, list[str]]()
        found: dict[str, Frame] = {}
        for finding in findings:
            if finding.path not in read:
                read[finding.path] = _lines(tree, finding.path)
            if read[finding.path]:
                found[finding.fingerprint] = _frame(read[finding.path], finding)
        return found, frozenset(tree.entries())


def _lines(tree: Tree, path: str) -> list[str]:
    try:
        return tree.read(path).decode("utf-8", "replace").splitlines()
    except (UnreadableFileError, KeyError, FileNotFoundError):
        return []


def _frame(lines: list[str], finding: Finding) -> Frame:
    first, last = finding.line, finding.end_line
    if finding.fix is not None:
        first, last = min(first, finding.fix.start_line), max(last, finding.fix.end_line)
    start = max(1, first - AROUND)
    end = min(len(lines), last + AROUND, start + MOST_LINES - 1)
    return {"start": start, "lines": [line[:LONGEST_LINE] for line in lines[start - 1 : end]]}
