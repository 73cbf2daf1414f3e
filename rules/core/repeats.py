"""One cause, one finding: what a caller's finding already tells is not said again at the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.findings import Finding

_AT_CALLER = "blocking-call-through-helper"


def without_repeats(findings: list[Finding]) -> list[Finding]:
    """The findings without those at a helper whose callers are reported with the path to it."""
    told = {
        (finding.trace[-1].path, finding.trace[-1].line)
        for finding in findings
        if finding.name == _AT_CALLER and finding.trace and not _is_at_cause(finding)
    }
    return [
        finding
        for finding in findings
        if not (
            finding.name == _AT_CALLER
            and _is_at_cause(finding)
            and (finding.path, finding.line) in told
        )
    ]


def _is_at_cause(finding: Finding) -> bool:
    """Whether the finding stands at the blocking call itself and its trace leads up to it."""
    last = finding.trace[-1] if finding.trace else None
    return last is not None and (last.path, last.line) == (finding.path, finding.line)
