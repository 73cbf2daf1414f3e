"""The sticky summary of a pull request, in the review format of SKILL.md."""

from __future__ import annotations

from posixpath import commonpath, dirname
from typing import TYPE_CHECKING

from rules.core.findings import Verdict
from rules.core.render import ICONS, caused_by, place, short_id
from rules.core.report import markdown
from rules.core.report.assessment import many
from rules.core.rule import GROUPS, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.core.findings import Finding
    from rules.core.render import Links
    from rules.core.report.assessment import Assessment, Item

SECTIONS = {
    Severity.CRITICAL: "### 🔴 Critical Issues",
    Severity.WARNING: "### 🟡 Warnings",
    Severity.SUGGESTION: "### 🟢 Suggestions",
}

_MOST_LINES = 60
_MOST_PRIORITIES = 3


def summary(assessment: Assessment, component: str, links: Links, *, marker: str = "") -> str:
    """The body of the summary comment; `component` names what was reviewed (see `component_of`)."""
    parts = [
        marker + ("\n" if marker else "") + f"## Code Review: {markdown.prose(component)}",
        *(_section(assessment, severity, links) for severity in Severity if assessment.items),
        "### Summary",
        *overview(assessment, links),
        checklist(assessment),
        *_fine_print(assessment),
        _footer(assessment, links),
    ]
    return markdown.fit("\n\n".join(part for part in parts if part) + "\n")


def component_of(paths: Iterable[str]) -> str:
    """A name for what was reviewed: the one file, or the folder that holds all of them."""
    every = sorted(set(paths))
    if len(every) <= 1:
        return every[0] if every else "no files"
    folder = commonpath([dirname(path) or "." for path in every]) if _relative(every) else ""
    counted = many(len(every), "file")
    return f"{folder} ({counted})" if folder not in {"", "."} else counted


def _relative(paths: list[str]) -> bool:
    return not any(path.startswith("/") or not dirname(path) for path in paths)


def overview(assessment: Assessment, links: Links) -> tuple[str, ...]:
    """The assessment in a sentence or two, and what to fix first."""
    return tuple(part for part in (_assessment(assessment), _priorities(assessment, links)) if part)


def _assessment(assessment: Assessment) -> str:
    files = many(assessment.review.reviewed, "file")
    match assessment.verdict:
        case Verdict.FAILED | Verdict.SKIPPED:
            return f"⚠️ {markdown.message(assessment.title)}."
        case Verdict.PARTIAL:
            return (
                f"⚠️ **This review is partial**: {assessment.not_reviewed} could not be reviewed "
                f"(below). In the {files} that could: {assessment.counted}.{_progress(assessment)}"
            )
        case Verdict.PASSED:
            return f"✅ Nothing to report in {files}.{_progress(assessment)}"
        case Verdict.FINDINGS:
            return f"**{assessment.counted}** in {files}.{_progress(assessment)}"


def _progress(assessment: Assessment) -> str:
    states = [item.state for item in assessment.items]
    parts = [
        f"{states.count(state)} {state}" for state in ("fixed", "dismissed") if state in states
    ]
    return f" So far {' and '.join(parts)}." if parts else ""


def _priorities(assessment: Assessment, links: Links) -> str:
    urgent = [item for item in assessment.open if item.finding.severity is Severity.CRITICAL]
    if not urgent:
        return ""
    first = ", ".join(
        f"{item.finding.name} at {_at(item, links)}" for item in urgent[:_MOST_PRIORITIES]
    )
    more = len(urgent) - _MOST_PRIORITIES
    return f"Fix first: {first}{f', and {more} more' if more > 0 else ''}."


def _section(assessment: Assessment, severity: Severity, links: Links) -> str:
    items = [item for item in assessment.items if item.finding.severity is severity]
    ordered = sorted(items, key=lambda item: item.state != "open")
    lines = [_line(item, links) for item in ordered[:_MOST_LINES]] or ["None."]
    if len(ordered) > _MOST_LINES:
        lines.append(f"- and {len(ordered) - _MOST_LINES} more, listed in the check")
    return f"{SECTIONS[severity]}\n\n" + "\n".join(lines)


def _line(item: Item, links: Links) -> str:
    finding = item.finding
    rule = markdown.link(markdown.code(finding.rule), links.rule(finding.rule))
    told = f"**{finding.name}** {rule} {_at(item, links)}"
    match item.state:
        case "open":
            elsewhere = "" if finding.new else _untouched(finding, links)
            elsewhere += _outdated(item)
            said = markdown.message(finding.message)
            return f"- [ ] {told}: {said}{elsewhere} <sub>{markdown.code(short_id(finding))}</sub>"
        case "fixed":
            commit = f" in {links.commit(item.fixed_sha)}" if item.fixed_sha else ""
            return f"- [x] ~~{told}~~ fixed{commit}"
        case "dismissed":
            who = f" by **{markdown.prose(item.dismissed_by)}**" if item.dismissed_by else ""
            who += f" until {item.dismissed_until}" if item.dismissed_until else ""
            reason = f": {markdown.prose(item.reason)}" if item.reason else ""
            name = markdown.code(short_id(finding))
            return f"- [x] ~~{told}~~ dismissed{who}{reason} <sub>{name}</sub>"


def _untouched(finding: Finding, links: Links) -> str:
    cause = caused_by(finding, links)
    because = f"; the change at {cause} brings it" if cause else ""
    return f" _(on a line that this change did not touch{because})_"


def _outdated(item: Item) -> str:
    """That what GitHub hides still holds, said here only."""
    if not item.outdated:
        return ""
    comment = markdown.link("its comment", item.url)
    return f" _(still so, although {comment} is outdated)_"


def _at(item: Item, links: Links) -> str:
    finding = item.finding
    shown = None if item.outdated else item.url
    url = shown or links.line(finding.path, finding.line)
    return place(finding.path, finding.line, url)


def checklist(assessment: Assessment) -> str:
    """One row for each group of the checklist, in its order, with what is open in it."""
    head = ["| | Checklist | 🔴 | 🟡 | 🟢 |", "|:-:|---|:-:|:-:|:-:|"]
    return "\n".join([*head, *(_row(assessment, group) for group in GROUPS)])


def _row(assessment: Assessment, group: str) -> str:
    severities = [item.finding.severity for item in assessment.open if item.finding.group == group]
    cells = " | ".join(str(severities.count(severity) or "") for severity in Severity)
    worst = min(severities, key=lambda severity: severity.rank, default=None)
    return f"| {ICONS[worst] if worst else _clean(assessment)} | {GROUPS[group]} | {cells} |"


def _clean(assessment: Assessment) -> str:
    """A tick says that somebody looked: there is none when nobody did, or not at everything."""
    match assessment.verdict:
        case Verdict.FAILED | Verdict.SKIPPED:
            return "➖"
        case Verdict.PARTIAL:
            return "⚠️"
        case Verdict.PASSED | Verdict.FINDINGS:
            return "✅"


def _fine_print(assessment: Assessment) -> tuple[str, ...]:
    review = assessment.review
    return (
        not_reviewed(assessment),
        _counts_of_the_silent(assessment),
        _folded("Configuration", [f"- {markdown.message(note)}" for note in review.notes]),
    )


def not_reviewed(assessment: Assessment) -> str:
    """The files that should have been reviewed and were not, each with its reason."""
    lines = [
        f"- {markdown.code(skipped.path)}: {markdown.message(skipped.reason)}"
        for skipped in assessment.review.skipped
    ]
    return _folded("Not reviewed", lines)


def _folded(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = [f"- and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    listed = "\n".join([*lines[:_MOST_LINES], *more])
    return f"<details><summary>{title} ({len(lines)})</summary>\n\n{listed}\n\n</details>"


def _counts_of_the_silent(assessment: Assessment) -> str:
    review = assessment.review
    outside = sum(review.out_of_scope.values())
    kinds = ", ".join(
        f"{count} {markdown.prose(kind)}" for kind, count in sorted(review.out_of_scope.items())
    )
    parts = [
        f"{many(outside, 'file')} out of scope ({kinds})" if outside else "",
        f"{many(review.deferred, 'finding')} left to this project's ruff"
        if review.deferred
        else "",
        f"{many(review.suppressed, 'finding')} silenced in the code" if review.suppressed else "",
        f"{many(review.baselined, 'finding')} of the baseline left out" if review.baselined else "",
    ]
    told = "; ".join(part for part in parts if part)
    return f"<sub>{told[0].upper()}{told[1:]}.</sub>" if told else ""


def _footer(assessment: Assessment, links: Links) -> str:
    at = f" at {links.commit(links.head_sha)}" if links.head_sha else ""
    files = many(assessment.review.reviewed, "file")
    return f"<sub>Reviewed {files}{at}. Comment `/recheck` to look again, `/help` for more.</sub>"
