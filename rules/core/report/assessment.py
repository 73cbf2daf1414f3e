"""How a review came out: the one object from which summary and check run are both made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.core.findings import Verdict
from rules.core.rule import Severity

if TYPE_CHECKING:
    from datetime import date

    from rules.core.findings import Finding, Review

type Conclusion = Literal["success", "failure", "neutral", "skipped"]
type FailOn = Literal["critical", "warning", "suggestion", "never"]


@dataclass(frozen=True, slots=True)
class Item:
    """A finding and its fate. `url` is its comment, or the line when it has none.

    The comment is `outdated` when GitHub hides it, although what it says still holds.
    """

    finding: Finding
    state: Literal["open", "fixed", "dismissed"] = "open"
    url: str | None = None
    fixed_sha: str = ""
    dismissed_by: str = ""
    dismissed_until: date | None = None
    reason: str = ""
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """A review together with the fate of everything found on the pull request so far."""

    review: Review
    items: tuple[Item, ...]
    fail_on: FailOn = "critical"
    why_not: str = ""
    """Why there was no review, when its verdict is `failed` or `skipped`."""

    @classmethod
    def of(cls, review: Review, *, fail_on: FailOn = "critical") -> Assessment:
        """The assessment of a review without history: everything that it found is open."""
        items = [Item(finding) for finding in review.findings]
        return cls(review, (*items, *(Item(f, "fixed") for f in review.fixed)), fail_on)

    @property
    def open(self) -> tuple[Item, ...]:
        """What still has to be done."""
        return tuple(item for item in self.items if item.state == "open")

    @property
    def counts(self) -> Counter[Severity]:
        """Open findings by severity."""
        return Counter(item.finding.severity for item in self.open)

    @property
    def fails(self) -> bool:
        """Whether an open finding reaches the severity that fails the check."""
        if self.fail_on == "never":
            return False
        least = Severity(self.fail_on).rank
        return any(item.finding.severity.rank <= least for item in self.open)

    @property
    def verdict(self) -> Verdict:
        """The verdict of the review, once what was dismissed is left out."""
        if self.review.verdict in {Verdict.PARTIAL, Verdict.FAILED, Verdict.SKIPPED}:
            return self.review.verdict
        return Verdict.FINDINGS if self.open else Verdict.PASSED

    @property
    def conclusion(self) -> Conclusion:
        """The conclusion of the check run: a partial review is never green."""
        match self.verdict:
            case Verdict.PASSED:
                return "success"
            case Verdict.SKIPPED:
                return "skipped"
            case Verdict.FAILED:
                return "neutral" if self.fail_on == "never" else "failure"
            case Verdict.FINDINGS | Verdict.PARTIAL:
                return "failure" if self.fails else "neutral"

    @property
    def title(self) -> str:
        """What came out, in a few words."""
        match self.verdict:
            case Verdict.FAILED:
                return f"The review failed: {self.why_not or 'see the log'}"
            case Verdict.SKIPPED:
                return f"Not reviewed: {self.why_not or 'nothing to review'}"
            case Verdict.PARTIAL:
                return f"Partial review: {self.counted}; {self.not_reviewed} not reviewed"
            case Verdict.PASSED | Verdict.FINDINGS:
                return self.counted

    @property
    def counted(self) -> str:
        """Open findings in words: `2 critical, 1 warning`."""
        words = [
            many(self.counts[severity], word, plural)
            for severity, word, plural in (
                (Severity.CRITICAL, "critical", "critical"),
                (Severity.WARNING, "warning", "warnings"),
                (Severity.SUGGESTION, "suggestion", "suggestions"),
            )
            if self.counts[severity]
        ]
        return ", ".join(words) or "no findings"

    @property
    def not_reviewed(self) -> str:
        """How many files should have been looked at and were not."""
        return many(len(self.review.skipped), "file")


def many(count: int, word: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{count} {word if count == 1 else plural or word + 's'}"
