"""A finding as a comment on a line of the pull request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from rules.core.report import markdown
from rules.core.rule import GROUPS, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.core.findings import Finding, Suggestion
    from rules.core.rule import Step

ICONS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟡", Severity.SUGGESTION: "🟢"}

_MOST_STEPS = 10
_MOST_PLACES = 50


def _no_reason(_rule: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Links:
    """Where things can be looked up; without an address they are named and not linked.

    `why` gives one sentence of reason for a rule's code (`rules.docs.why`).
    """

    public_url: str | None = None
    repository_url: str | None = None
    head_sha: str = ""
    why: Callable[[str], str] = _no_reason

    def rule(self, rule: str) -> str | None:
        """The page of a rule."""
        return f"{self.public_url.rstrip('/')}/rules/{rule}" if self.public_url else None

    def line(self, path: str, line: int) -> str | None:
        """A line of the head version on GitHub."""
        if not (self.repository_url and self.head_sha):
            return None
        return f"{self.repository_url}/blob/{self.head_sha}/{quote(path)}#L{line}"

    def commit(self, sha: str) -> str:
        """A commit, shortened and linked."""
        url = f"{self.repository_url}/commit/{sha}" if self.repository_url else None
        return markdown.link(markdown.code(sha[:7]), url)


def short_id(finding: Finding) -> str:
    """The eight characters by which people name a finding in a command."""
    return finding.fingerprint[:8]


def comment(finding: Finding, links: Links, *, marker: str = "", suggest: bool = True) -> str:
    """The body of an inline or file comment; `marker` comes first, so that it is never cut."""
    parts = [
        marker + ("\n" if marker else "") + _heading(finding, links),
        _elsewhere(finding, links) + markdown.message(finding.message),
        links.why(finding.rule),
        _trace(finding.trace, links),
        suggestion(finding.fix) if suggest and finding.fix else "",
        _footer([finding]),
    ]
    return markdown.fit("\n\n".join(part for part in parts if part) + "\n")


def grouped_comment(findings: Sequence[Finding], links: Links, *, marker: str = "") -> str:
    """One comment for many findings of one rule: it stands at the first and lists them all."""
    first = findings[0]
    one = all(finding.message == first.message for finding in findings)
    shown = [_place(finding, links, tell=not one) for finding in findings[:_MOST_PLACES]]
    more = len(findings) - len(shown)
    parts = [
        marker + ("\n" if marker else "") + f"{_heading(first, links)} · {len(findings)} places",
        markdown.message(first.message) if one else "",
        links.why(first.rule),
        "\n".join([*shown, *([f"- and {more} more"] if more else [])]),
        _footer(findings[:1]),
    ]
    return markdown.fit("\n\n".join(part for part in parts if part) + "\n")


def fixed_comment(finding: Finding, sha: str, links: Links, *, marker: str = "") -> str:
    """What becomes of a comment when its finding is gone."""
    first = marker + ("\n" if marker else "")
    told = markdown.message(finding.message)
    title = f"✅ **{finding.name}** fixed in {links.commit(sha)}"
    return markdown.fit(
        f"{first}{title}\n\n<details><summary>What it said</summary>\n\n{told}\n\n</details>\n"
    )


def suggestion(fix: Suggestion) -> str:
    """A block that GitHub offers to commit; nothing when a reader could not see what it holds."""
    if markdown.hides_something(fix.replacement):
        return ""
    return markdown.fenced(fix.replacement, "suggestion")


def place(path: str, line: int, url: str | None) -> str:
    """`path:line`, linked."""
    return markdown.link(markdown.code(f"{path}:{line}"), url)


def _heading(finding: Finding, links: Links) -> str:
    code = markdown.link(markdown.code(finding.rule), links.rule(finding.rule))
    icon = ICONS[finding.severity]
    return f"{icon} **{finding.name}** {code} · {GROUPS.get(finding.group, finding.group)}"


def _elsewhere(finding: Finding, links: Links) -> str:
    """Where a finding stands and what brought it there, for one on an unchanged line."""
    cause = caused_by(finding, links)
    where = place(finding.path, finding.line, links.line(finding.path, finding.line))
    return f"The change at {cause} brings this to {where}: " if cause else ""


def caused_by(finding: Finding, links: Links) -> str:
    """The place in the change that brought a finding about, for one on an unchanged line."""
    cause = finding.cause
    if cause is None or (cause.path, cause.line) == (finding.path, finding.line):
        return ""
    return place(cause.path, cause.line, links.line(cause.path, cause.line))


def _place(finding: Finding, links: Links, *, tell: bool) -> str:
    where = place(finding.path, finding.line, links.line(finding.path, finding.line))
    told = f": {markdown.message(finding.message)}" if tell else ""
    return f"- {where}{told} <sub>{markdown.code(short_id(finding))}</sub>"


def _trace(steps: Sequence[Step], links: Links) -> str:
    lines = [
        f"{number}. {place(step.path, step.line, links.line(step.path, step.line))} "
        f"{markdown.message(step.message)}"
        for number, step in enumerate(steps[:_MOST_STEPS], 1)
    ]
    more = len(steps) - len(lines)
    return "\n".join([*lines, *([f"{len(lines) + 1}. and {more} more steps"] if more else [])])


def _footer(findings: Sequence[Finding]) -> str:
    finding = findings[0]
    return (
        f"<sub>On purpose? Comment `/dismiss {short_id(finding)} reason`, "
        f"or write `# noqa: {finding.rule}` on the line.</sub>"
    )
