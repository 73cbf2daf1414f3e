"""What people decided about findings, applied before anything is published. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from worker.publishing.standing import Known, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from rules.core.findings import Finding, Review
    from worker.publishing.standing import Standing


@dataclass(frozen=True, slots=True)
class Decision:
    """A dismissal that holds: of one finding, of a rule in one file, or of a rule everywhere."""

    scope: Literal["finding", "path", "repository"]
    rule: str
    path: str
    fingerprint: str
    dismissed_by: str
    reason: str
    until: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether it was decided about this finding too."""
        if self.scope == "finding":
            return self.fingerprint == finding.fingerprint
        same_path = self.scope == "repository" or self.path == finding.path
        return same_path and self.rule == finding.rule


def decided(standing: Standing, review: Review, decisions: Sequence[Decision]) -> Standing:
    """The standing in which everything is dismissed that this review finds and somebody dismissed.

    What was dismissed and is not any more is open again where the review finds it: in the comment
    that said it, or as new when none ever did. Where nothing is found it stays as it is.
    """
    known = {one.finding.fingerprint: one for one in standing.known}
    for finding in review.findings:
        key = finding.fingerprint
        before, decision = known.get(key), covering(decisions, finding)
        if decision is not None:
            known[key] = _dismissed(before or Known(finding), decision)
        elif before is not None and before.state is State.DISMISSED:
            known[key] = _open_again(before)
    return replace(standing, known=tuple(known.values()))


def covering(decisions: Iterable[Decision], finding: Finding) -> Decision | None:
    """The first decision about a finding."""
    return next((one for one in decisions if one.covers(finding)), None)


def _dismissed(known: Known, decision: Decision) -> Known:
    return replace(
        known.with_state(State.DISMISSED),
        dismissed_by=decision.dismissed_by,
        dismissed_reason=decision.reason,
        dismissed_until=decision.until,
    )


def _open_again(known: Known) -> Known:
    place = known.place if known.comment_id is not None else None
    opened = known.with_state(State.OPEN)
    return replace(
        opened, place=place, dismissed_by=None, dismissed_reason=None, dismissed_until=None
    )
