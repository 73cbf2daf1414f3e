"""One cause, one finding: a path of calls is told at one of its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.findings import Finding

_PATH = "blocking-call-through-helper"


def without_repeats(findings: list[Finding]) -> list[Finding]:
    """The findings with each blocking call reported once.

    At the blocking call itself when its line is new, for then it freezes callers that may not
    have changed; else at the new calls that reach it.
    """
    paths = [finding for finding in findings if finding.name == _PATH and finding.trace]
    new_causes = {_cause(found) for found in paths if _is_at_cause(found) and found.new}
    told_by_callers = {_cause(found) for found in paths if not _is_at_cause(found)} - new_causes
    repeated = {
        found.fingerprint
        for found in paths
        if _cause(found) in (told_by_callers if _is_at_cause(found) else new_causes)
    }
    return [finding for finding in findings if finding.fingerprint not in repeated]


def _cause(finding: Finding) -> tuple[str, int]:
    return finding.trace[-1].path, finding.trace[-1].line


def _is_at_cause(finding: Finding) -> bool:
    return _cause(finding) == (finding.path, finding.line)
