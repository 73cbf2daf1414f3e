"""A review in the formats that programs read, and the exit status that they look at."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rules.core.report.markdown import visible
from rules.core.rule import Severity

if TYPE_CHECKING:
    from rules.core.findings import Finding, Review

NOTHING_FOUND, FOUND, BROKEN = 0, 1, 2


def exit_status(review: Review, fail_on: str) -> int:
    """0 nothing at or above `fail_on`, 1 findings, 2 input that could not be reviewed."""
    if fail_on != "never":
        least = Severity(fail_on).rank
        if any(finding.severity.rank <= least for finding in review.findings):
            return FOUND
    return BROKEN if review.skipped else NOTHING_FOUND


def as_json(review: Review) -> str:
    """The review for programs; the keys are documented in the README and stay."""
    document = {
        "findings": [_finding(finding) for finding in review.findings],
        "fixed": [_finding(finding) for finding in review.fixed],
        "skipped": [asdict(skipped) for skipped in review.skipped],
        "verdict": review.verdict.value,
        "reviewed": review.reviewed,
        "baselined": review.baselined,
        "notes": list(review.notes),
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity.value,
        "group": finding.group,
        "path": finding.path,
        "line": finding.line,
        "end_line": finding.end_line,
        "column": finding.column,
        "message": finding.message,
        "fingerprint": finding.fingerprint,
        "trace": [asdict(step) for step in finding.trace],
        "fix": asdict(finding.fix) if finding.fix else None,
    }


def as_markdown(review: Review) -> str:
    """The review as its summary would stand on a pull request."""
    from rules.core.render import Links
    from rules.core.report.assessment import Assessment
    from rules.core.report.summary import component_of, summary

    paths = [finding.path for finding in (*review.findings, *review.fixed)]
    return summary(Assessment.of(review), component_of(paths) if paths else "all files", Links())


def closing_lines(review: Review, seconds: float) -> list[str]:
    """What there is to say after the findings, in whole sentences."""
    from rules.core.report.assessment import Assessment, many

    return [
        *(
            f"Not reviewed: {visible(skipped.path)}: {visible(skipped.reason)}"
            for skipped in review.skipped
        ),
        *(f"Note: {visible(note)}" for note in review.notes),
        *([f"{many(len(review.fixed), 'finding')} fixed."] if review.fixed else []),
        *(
            [f"{many(review.baselined, 'finding')} of the baseline left out."]
            if review.baselined
            else []
        ),
        f"{_capital(Assessment.of(review).counted)} in {many(review.reviewed, 'file')} ({seconds:.1f} s).",
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
