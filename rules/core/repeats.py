"""One cause, one finding: a path of calls is told at one of its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.findings import Finding

_TOLD_ONCE = frozenset({"blocking-call-through-helper", "missing-index"})
"""Rules whose last step of the trace is the cause, where they report it, too."""
_PAIRS = {"route-shadowed", "import-cycle"}
"""Rules that say the same of two places in two files, the traces of both alike."""
_SPECIAL = {
    "blocking-dependency": {
        "blocking-call-in-async",
        "blocking-call-through-helper",
        "blocking-sqlite-in-async",
    },
    "html-injection": {"tradingview-injection"},
    "no-raise-for-status": {"newsapi-status-ignored"},
}
"""General rule to those that say the same of one line and know more about it."""


def without_repeats(findings: list[Finding]) -> list[Finding]:
    """The findings with each blocking call, and each column without an index, reported once.

    At the blocking call itself when its line is new, for then it freezes callers that may not
    have changed; else at the new calls that reach it. So with a column and the queries on it.
    """
    paths = [finding for finding in findings if finding.name in _TOLD_ONCE and finding.trace]
    new_causes = {_cause(found) for found in paths if _is_at_cause(found) and found.new}
    told_by_callers = {_cause(found) for found in paths if not _is_at_cause(found)} - new_causes
    repeated = {
        found.fingerprint
        for found in paths
        if _cause(found) in (told_by_callers if _is_at_cause(found) else new_causes)
    }
    kept = [finding for finding in findings if finding.fingerprint not in repeated]
    return _without_the_general(_without_other_ends(kept))


def _without_the_general(findings: list[Finding]) -> list[Finding]:
    """A general rule is silent on a line of which a special one speaks."""
    told = {(f.name, f.path, f.line) for f in findings}
    return [
        f
        for f in findings
        if not any((name, f.path, f.line) in told for name in _SPECIAL.get(f.name, ()))
    ]


def _without_other_ends(findings: list[Finding]) -> list[Finding]:
    """Of the two ends of a pair the new one, and of two new ones the last step."""
    best: dict[object, Finding] = {}
    for finding in findings:
        if finding.name in _PAIRS:
            other = best.setdefault(finding.trace, finding)
            if (finding.new, _is_at_cause(finding)) > (other.new, _is_at_cause(other)):
                best[finding.trace] = finding
    return [f for f in findings if f.name not in _PAIRS or best[f.trace] is f]


def _cause(finding: Finding) -> tuple[str, str, int]:
    return finding.name, finding.trace[-1].path, finding.trace[-1].line


def _is_at_cause(finding: Finding) -> bool:
    return _cause(finding) == (finding.name, finding.path, finding.line)
