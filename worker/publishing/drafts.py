"""The texts of comments to be posted and of those to be changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github.comments import NewComment
from rules.core import render
from rules.core.report import markdown
from worker.publishing.live import DONE
from worker.publishing.markers import Mark, Signer, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.core.findings import Finding
    from rules.core.render import Links
    from worker.publishing.live import Live
    from worker.publishing.placement import Spot
    from worker.publishing.standing import Known


@dataclass(frozen=True, slots=True)
class Draft:
    """A comment to be posted, and the findings that it says."""

    mark: Mark
    findings: tuple[Finding, ...]
    comment: NewComment


@dataclass(frozen=True, slots=True)
class Edit:
    """A comment to be changed: its body if it differs, then folded away or shown again."""

    live: Live
    body: str
    fold: bool | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Writes the bodies of one pull request's comments, each with its marker first."""

    signer: Signer
    links: Links

    def inline(self, spot: Spot) -> Draft:
        """The comment for a spot."""
        mark, at = _mark(spot.findings, group=spot.group), spot.anchor
        body = self.body(mark, spot.findings, suggest=at.suggest)
        comment = NewComment(path=spot.path, body=body, line=at.line, start_line=at.start_line)
        return Draft(mark, spot.findings, comment)

    def on_file(
        self, findings: tuple[Finding, ...], *, group: bool = False, path: str = ""
    ) -> Draft:
        """The same for a whole file, where nothing can be suggested; by default for their own."""
        mark = _mark(findings, group=group)
        body = self.body(mark, findings, suggest=False)
        return Draft(mark, findings, NewComment(path=path or findings[0].path, body=body))

    def body(self, mark: Mark, findings: Sequence[Finding], *, suggest: bool) -> str:
        """The text for findings that are open."""
        marker = self.signer.marker(mark)
        if mark.kind == "group":
            return render.grouped_comment(findings, self.links, marker=marker)
        return render.comment(findings[0], self.links, marker=marker, suggest=suggest)

    def fixed(self, live: Live, known: Known | None, sha: str) -> str:
        """The text for a comment whose finding is gone since the commit `sha`."""
        if known and live.mark.kind == "finding":
            marker = self.signer.marker(live.mark)
            return render.fixed_comment(known.finding, sha, self.links, marker=marker)
        return self._closed(live, f"fixed in {self.links.commit(sha)}")

    def dismissed(self, live: Live, known: Known) -> str:
        """The text for a comment whose finding somebody decided to live with."""
        by = f" by **{markdown.prose(known.dismissed_by)}**" if known.dismissed_by else ""
        reason = f": {markdown.prose(known.dismissed_reason)}" if known.dismissed_reason else ""
        return self._closed(live, f"dismissed{by}{reason}")

    def _closed(self, live: Live, how: str) -> str:
        """The old text folded below a line that says what became of it."""
        said = text_of(live.body).strip()
        text = f"{DONE} {how[:1].upper()}{how[1:]}"
        folded = f"<details><summary>What it said</summary>\n\n{said}\n\n</details>"
        return markdown.fit(f"{self.signer.marker(live.mark)}\n{text}\n\n{folded}\n")


def _mark(findings: Sequence[Finding], *, group: bool) -> Mark:
    first = findings[0]
    return Mark("group", first.rule) if group else Mark("finding", first.fingerprint)
