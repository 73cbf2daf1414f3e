"""What a review says: findings, what was fixed, what was not looked at, and the verdict."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from rules.core.rule import Confidence, Severity, Step


class Verdict(enum.StrEnum):
    """The outcome of a review, from which check run and summary are both made."""

    PASSED = "passed"
    FINDINGS = "findings"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A verified edit: lines `start_line` to `end_line` (1-based, inclusive) become `replacement`.

    `replacement` carries the file's own line ends and ends with one, unless it is empty.
    """

    start_line: int
    end_line: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at one place of the head version (or, in `Review.fixed`, of the base version).

    `line`, `end_line` and `column` are 1-based, `column` counted in characters. `new` says that
    the flagged node touches a line that the change added; a finding that is not new stands on an
    unchanged line, caused by the change elsewhere. `code` is the flagged source, shortened.
    """

    rule: str
    name: str
    severity: Severity
    group: str
    path: str
    line: int
    end_line: int
    column: int
    message: str
    fingerprint: str
    confidence: Confidence = Confidence.HIGH
    trace: tuple[Step, ...] = ()
    fix: Suggestion | None = None
    new: bool = True
    cause: Step | None = None
    """For a finding on an unchanged line the place in the change that brought it about."""
    scope: str = ""
    code: str = ""
    ruff: tuple[str, ...] = ()
    """The codes with which ruff reports the same."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A Python file that should have been reviewed and was not, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that one review found. Sorted, so that equal input gives equal output."""

    findings: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    verdict: Verdict = Verdict.PASSED
    reviewed: int = 0
    """How many files were analysed."""
    out_of_scope: dict[str, int] = field(default_factory=dict[str, int])
    """Reason (`not Python`, `binary`, `generated`, `vendored`, `excluded`) to number of files."""
    suppressed: int = 0
    deferred: int = 0
    """Findings left to the project's own ruff."""
    baselined: int = 0
    """Findings that stand in the baseline of the project."""
    notes: tuple[str, ...] = ()
    """What the reader should know of the configuration, in sentences."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, ready for `json.dumps`; `from_json` turns it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The review that `to_json` made this of."""
        return cls(
            findings=tuple(_finding(item) for item in data["findings"]),
            fixed=tuple(_finding(item) for item in data["fixed"]),
            skipped=tuple(Skipped(**item) for item in data["skipped"]),
            verdict=Verdict(data["verdict"]),
            reviewed=data["reviewed"],
            out_of_scope=dict(data["out_of_scope"]),
            suppressed=data["suppressed"],
            baselined=data["baselined"],
            deferred=data["deferred"],
            notes=tuple(data["notes"]),
        )


def _finding(data: dict[str, Any]) -> Finding:
    plain = dict(data)
    plain["severity"] = Severity(data["severity"])
    plain["confidence"] = Confidence(data["confidence"])
    plain["trace"] = tuple(Step(**step) for step in data["trace"])
    plain["cause"] = Step(**data["cause"]) if data["cause"] else None
    plain["ruff"] = tuple(data["ruff"] or ())
    plain["fix"] = Suggestion(**data["fix"]) if data["fix"] else None
    return Finding(**plain)
