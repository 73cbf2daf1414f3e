"""Where each finding is said: on its lines, on its file, with the check, or in the summary. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.patch import parse_patch
from rules.core.rule import Confidence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from app.github.pulls import PullFile
    from rules.core.change import Hunk
    from rules.core.config import Config
    from rules.core.findings import Finding

MOST_ON_FILES = 10
"""Comments on whole files in one run; GitHub takes each in a request of its own."""
LONGEST_RANGE = 10
"""A finding on more lines than this is anchored to its first one, where the reader looks."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Lines that can carry a comment; `suggest` when a suggestion would replace just them.

    `path` names the file when it is not that of the finding.
    """

    line: int
    start_line: int | None = None
    suggest: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """One inline comment to be: a finding, or several of one rule at the place of the first."""

    anchor: Anchor
    findings: tuple[Finding, ...]
    group: bool = False

    @property
    def path(self) -> str:
        """The file that carries the comment."""
        return self.anchor.path or self.findings[0].path


@dataclass(slots=True)
class Placement:
    """Every finding exactly once, in a fixed order. `joining` are added to a grouped comment."""

    inline: list[Spot] = field(default_factory=list[Spot])
    joining: list[Finding] = field(default_factory=list["Finding"])
    on_files: list[Finding] = field(default_factory=list["Finding"])
    check: list[Finding] = field(default_factory=list["Finding"])
    summary: list[Finding] = field(default_factory=list["Finding"])


def commentable(files: Iterable[PullFile]) -> dict[str, tuple[Hunk, ...]]:
    """The lines of each changed file on which GitHub takes a comment; none without a patch."""
    patches = ((file.filename, parse_patch(file.patch or "")) for file in files)
    return {path: patch.hunks if patch else () for path, patch in patches}


def place(
    findings: Iterable[Finding],
    lines: Mapping[str, tuple[Hunk, ...]],
    config: Config,
    grouped: Collection[str] = (),
    demoted: Collection[str] = (),
) -> Placement:
    """Decide about findings that were not said before.

    `grouped` names the rules that have a grouped comment already: it takes up further ones.
    Those in `demoted` are told in the summary only.
    """
    placement = Placement()
    spots: list[Spot] = []
    for finding in sorted(findings, key=_urgency):
        if _is_unsure(finding, config) or finding.rule in demoted:
            placement.summary.append(finding)
        elif not finding.new:
            if spot := _at_cause(finding, lines):
                spots.append(Spot(spot, (finding,)))
            else:
                placement.summary.append(finding)
        elif finding.path not in lines:
            placement.check.append(finding)
        elif spot := anchor(finding, lines[finding.path]):
            spots.append(Spot(spot, (finding,)))
        else:
            placement.on_files.append(finding)
    placement.joining = [s.findings[0] for s in spots if s.findings[0].rule in grouped]
    alone = [s for s in spots if s.findings[0].rule not in grouped]
    _cap(placement, _grouped(alone, config.group_above), config.max_inline_comments)
    return placement


def anchor(finding: Finding, hunks: tuple[Hunk, ...]) -> Anchor | None:
    """The lines for a comment, both ends in one hunk; None when GitHub shows none of them."""
    fix = finding.fix
    if fix and any(h.start <= fix.start_line <= fix.end_line <= h.end for h in hunks):
        return _anchor(fix.start_line, fix.end_line, suggest=True)
    shown = [
        (max(h.start, finding.line), min(h.end, finding.end_line))
        for h in hunks
        if h.start <= finding.end_line and finding.line <= h.end
    ]
    if not shown:
        return None
    start, end = shown[0]
    return _anchor(start, end if end - start < LONGEST_RANGE else start)


def _at_cause(finding: Finding, lines: Mapping[str, tuple[Hunk, ...]]) -> Anchor | None:
    """For a finding on an unchanged line: there if GitHub shows it, else at what brought it about."""
    cause = finding.cause
    if cause is None:
        return None
    if spot := anchor(finding, lines.get(finding.path, ())):
        return spot
    if not any(h.start <= cause.line <= h.end for h in lines.get(cause.path, ())):
        return None
    return Anchor(cause.line, path=cause.path)


def _anchor(start: int, end: int, *, suggest: bool = False) -> Anchor:
    """GitHub refuses a range that starts where it ends."""
    return Anchor(end, start if start < end else None, suggest)


def _urgency(finding: Finding) -> tuple[int, str, int, str, str]:
    severity = finding.severity.rank
    return severity, finding.path, finding.line, finding.rule, finding.fingerprint


def _is_unsure(finding: Finding, config: Config) -> bool:
    return finding.confidence is Confidence.LOW and config.low_confidence != "inline"


def _grouped(spots: list[Spot], above: int) -> list[Spot]:
    """Spots with those of one rule made one where there are more than `above` of it."""
    by_rule: defaultdict[str, list[Spot]] = defaultdict(list)
    for spot in spots:
        by_rule[spot.findings[0].rule].append(spot)
    return [
        made
        for same in by_rule.values()
        for made in (same if len(same) <= above else [_one_of(same)])
    ]


def _one_of(spots: list[Spot]) -> Spot:
    at = spots[0].anchor
    return Spot(
        Anchor(at.line, path=at.path), tuple(spot.findings[0] for spot in spots), group=True
    )


def _cap(placement: Placement, spots: list[Spot], most: int) -> None:
    """The most urgent become comments, in the order of the files; the rest goes to the check."""
    urgent = sorted(spots, key=lambda spot: _urgency(spot.findings[0]))
    inline, check = urgent[:most], urgent[most:]
    placement.check += [finding for spot in check for finding in spot.findings]
    placement.check += placement.on_files[MOST_ON_FILES:]
    del placement.on_files[MOST_ON_FILES:]
    placement.inline = _without_overlap(sorted(inline, key=_position))


def _position(spot: Spot) -> tuple[str, int, str, str]:
    first = spot.findings[0]
    return spot.path, spot.anchor.line, first.rule, first.fingerprint


def _without_overlap(spots: list[Spot]) -> list[Spot]:
    """The same spots, where of two suggestions for one line only the first is made."""
    taken: set[tuple[str, int]] = set()
    kept: list[Spot] = []
    for spot in spots:
        path, at = spot.path, spot.anchor
        lines = {(path, line) for line in range(at.start_line or at.line, at.line + 1)}
        if at.suggest and lines & taken:
            kept.append(Spot(Anchor(at.line, at.start_line, path=at.path), spot.findings))
            continue
        taken |= lines if at.suggest else set()
        kept.append(spot)
    return kept
