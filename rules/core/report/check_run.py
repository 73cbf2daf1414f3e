"""The check run of a review, made from the same assessment as its summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.core.report import markdown
from rules.core.report.summary import checklist, not_reviewed, overview
from rules.core.rule import Severity

if TYPE_CHECKING:
    from rules.core.findings import Finding
    from rules.core.render import Links
    from rules.core.report.assessment import Assessment, Conclusion

LIMIT = 65_535
"""Longest summary or text of a check run, in characters."""

_LONGEST_TITLE = 255
_LONGEST_MESSAGE = 60_000

_LEVELS: dict[Severity, Literal["failure", "warning", "notice"]] = {
    Severity.CRITICAL: "failure",
    Severity.WARNING: "warning",
    Severity.SUGGESTION: "notice",
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """A finding at any line of any file; GitHub takes 50 of them in one request."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["failure", "warning", "notice"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckRun:
    """What the Checks tab shows."""

    title: str
    summary: str
    conclusion: Conclusion


def check_run(assessment: Assessment, links: Links) -> CheckRun:
    """The assessment for the Checks tab, with the same words and numbers as the summary comment."""
    parts = [*overview(assessment, links), checklist(assessment), not_reviewed(assessment)]
    body = "\n\n".join(part for part in parts if part) + "\n"
    title = markdown.visible(assessment.title)[:_LONGEST_TITLE]
    return CheckRun(title[:1].upper() + title[1:], markdown.fit(body, LIMIT), assessment.conclusion)


def annotation(finding: Finding) -> Annotation:
    """A finding for the check run; its text is shown as plain text."""
    return Annotation(
        path=finding.path,
        start_line=finding.line,
        end_line=max(finding.line, finding.end_line),
        annotation_level=_LEVELS[finding.severity],
        title=f"{finding.rule} {finding.name}"[:_LONGEST_TITLE],
        message=markdown.visible(finding.message)[:_LONGEST_MESSAGE],
    )
