"""Writing a project's baseline: what stands today, or less of what stood before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.core.baseline import Baseline
from rules.core.report.assessment import many
from worker.cli.checking import Choice, UsageError, check

if TYPE_CHECKING:
    from pathlib import Path

    from worker.cli.progress import Begin


def write(folder: Path, out: Path | None, begin: Begin, *, prune: bool) -> str:
    """Write the baseline of the project in a folder; a sentence about what that changed.

    With `prune` nothing is added. Raises `UsageError` when it cannot be read or written.
    """
    reviewed = check([folder], Choice(), begin, baseline=False)
    named = reviewed.config.baseline
    if out is None and not named:
        raise UsageError("The configuration names no baseline; name a file with --out.")
    target = out or reviewed.root / named
    before, wrong = _before(target, reviewed.root)
    if wrong and prune:
        raise UsageError(wrong[0])
    findings = reviewed.review.findings
    after = before.kept(findings) if prune else Baseline.of(findings)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(after.text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error
    added, gone = len(after.lines - before.lines), len(before.lines - after.lines)
    return f"{target}: {many(len(after.lines), 'finding')} ({added} added, {gone} taken out)."


def _before(target: Path, root: Path) -> tuple[Baseline, tuple[str, ...]]:
    """What the file holds now; nothing when there is none."""
    try:
        before, wrong = Baseline.read(target.read_bytes(), target.name)
    except OSError:
        return Baseline(), ()
    return before.within(lambda path: (root / path).exists()), wrong
