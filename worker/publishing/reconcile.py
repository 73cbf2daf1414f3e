"""What has to change of what already stands, so that it says what a review found. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rules.core.findings import Verdict
from rules.core.render import short_id
from worker.publishing.drafts import Edit
from worker.publishing.markers import Mark, text_of
from worker.publishing.standing import Place, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.core.findings import Finding, Review
    from worker.publishing.drafts import Author
    from worker.publishing.live import Live
    from worker.publishing.standing import Known, Standing

MOST_PLACES = 50
"""Members that a grouped comment names; a longer list is counted and not compared."""


@dataclass(slots=True)
class Sorted:
    """The open findings of a review by what is to be done about each."""

    said: dict[str, Live] = field(default_factory=dict[str, "Live"])
    """By fingerprint, the comment that says it already, alone or among others."""
    stays: dict[str, Place] = field(default_factory=dict[str, Place])
    """Said without a comment before, and again in the same place."""
    fresh: list[Finding] = field(default_factory=list["Finding"])


def sort(review: Review, standing: Standing, live: Mapping[Mark, Live]) -> Sorted:
    """Tell what is said from what is new. A comment that somebody deleted is not said again."""
    known = by_fingerprint(standing)
    groups = {one.id: one for one in live.values() if one.mark.kind == "group"}
    found = Sorted()
    for finding in review.findings:
        key = finding.fingerprint
        before = known.get(key)
        if before and before.state is State.DISMISSED:
            continue
        if comment := live.get(Mark("finding", key)):
            found.said[key] = comment
        elif before and before.comment_id in groups:
            found.said[key] = groups[before.comment_id]
        elif before and before.place is Place.CHECK:
            found.stays[key] = Place.CHECK
        elif before and (before.comment_id or before.place is Place.SUMMARY):
            found.stays[key] = Place.SUMMARY
        else:
            found.fresh.append(finding)
    return found


def by_fingerprint(standing: Standing) -> dict[str, Known]:
    """What is known, by fingerprint."""
    return {one.finding.fingerprint: one for one in standing.known}


def members(review: Review, said: Mapping[str, Live]) -> dict[int, list[Finding]]:
    """The open findings that each comment says, by its id."""
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for finding in review.findings:
        if comment := said.get(finding.fingerprint):
            found[comment.id].append(finding)
    return found


def happened(review: Review) -> bool:
    """Whether anything was reviewed at all."""
    return review.verdict not in {Verdict.FAILED, Verdict.SKIPPED}


def unseen(review: Review, path: str) -> bool:
    """Whether a file was not analysed this time, so that nothing is known of its findings."""
    return not happened(review) or any(skipped.path == path for skipped in review.skipped)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Decides which of our comments are edited, and how.

    `open` has the findings that each comment shall say. With `uncertain` an earlier attempt may
    have stopped between an edit and its folding, so that folding is repeated.
    """

    author: Author
    review: Review
    known: Mapping[str, Known]
    open: Mapping[int, list[Finding]]
    uncertain: bool

    def edits(self, live: Iterable[Live]) -> tuple[Edit, ...]:
        """The edits, in the order of the comments; a comment that is right already has none."""
        kinds = {"finding": self._single, "group": self._group}
        decided = (
            self._under_its_mark(one, kinds[one.mark.kind](one))
            for one in live
            if one.mark.kind in kinds
        )
        return tuple(edit for edit in decided if edit is not None)

    def _under_its_mark(self, live: Live, edit: Edit | None) -> Edit | None:
        """The edit after which the comment is found by the fingerprint that its finding has now."""
        if not live.moved or (edit is not None and edit.body is not live.body):
            return edit
        marker = self.author.signer.marker(live.mark)
        return replace(edit or Edit(live, live.body), body=f"{marker}\n{text_of(live.body)}")

    def _single(self, live: Live) -> Edit | None:
        before = self.known.get(live.mark.key)
        if findings := self.open.get(live.id):
            stays = not (live.closed or live.moved or self._was_fixed(findings))
            return None if stays else self._show(live, findings)
        if before and before.state is State.DISMISSED:
            return self._dismiss(live, before)
        if unseen(self.review, before.finding.path if before else live.path):
            return None
        sha = (before.fixed_sha if before else None) or self.author.links.head_sha
        settled = before is None or before.state is State.FIXED
        return self._close(live, self.author.fixed(live, before, sha), settled=settled)

    def _group(self, live: Live) -> Edit | None:
        before = [
            one
            for one in self.known.values()
            if one.comment_id == live.id and one.state is State.OPEN
        ]
        dismissed = [
            one
            for one in self.known.values()
            if one.comment_id == live.id and one.state is State.DISMISSED
        ]
        if findings := self.open.get(live.id):
            same = {f.fingerprint for f in findings} == {k.finding.fingerprint for k in before}
            decided = any(short_id(one.finding) in live.body for one in dismissed)
            returned = any(short_id(one) not in live.body for one in findings[:MOST_PLACES])
            reopened = live.closed or self._was_fixed(findings)
            stays = same and not (decided or returned or reopened)
            return None if stays else self._show(live, findings)
        if dismissed:
            return self._dismiss(live, dismissed[0])
        if any(unseen(self.review, one.finding.path) for one in before):
            return None
        body = self.author.fixed(live, None, self.author.links.head_sha)
        return self._close(live, body, settled=not before)

    def _show(self, live: Live, findings: list[Finding]) -> Edit:
        body = self.author.body(live.mark, findings, suggest=False)
        reopened = live.closed or self._was_fixed(findings)
        return Edit(live, body, fold=False if reopened else None)

    def _close(self, live: Live, body: str, *, settled: bool) -> Edit | None:
        """Folded away, unless somebody answered: then the conversation stays in sight."""
        if live.closed and settled and not self.uncertain:
            return None
        return Edit(live, live.body if live.closed else body, fold=None if live.replied else True)

    def _dismiss(self, live: Live, known: Known) -> Edit | None:
        """Folded away whoever answered: somebody who may write decided so."""
        edit = self._close(live, self.author.dismissed(live, known), settled=True)
        return None if edit is None else replace(edit, fold=True)

    def _was_fixed(self, findings: Iterable[Finding]) -> bool:
        known = (self.known.get(finding.fingerprint) for finding in findings)
        return any(one is not None and one.state is State.FIXED for one in known)
