"""Findings in files that have another path by now: the old record and the old comment go with them.

A fingerprint begins with a path, so a file that moves takes new ones for all that stands in it. What
was known in a file that is not there any more is looked for among the new findings, by the fingerprint
that each would have there. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.core.engine import fingerprints_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rules.core.findings import Finding, Review
    from worker.publishing.decisions import Decision
    from worker.publishing.live import Live
    from worker.publishing.standing import Known, Standing

    type Gone = Mapping[str, Mapping[str, dict[str, Known]]]
    """What is known in files that are not there any more: by rule, path and fingerprint."""


def followed(standing: Standing, review: Review, present: Collection[str]) -> Standing:
    """The standing in which what moved is known by its new path and fingerprint.

    `present` has the paths of the head.
    """
    gone = _gone(standing, present)
    known = {one.finding.fingerprint for one in standing.known}
    moved: dict[str, Known] = {}
    for finding in review.findings:
        before = None if finding.fingerprint in known else _taken(gone, finding)
        if before is not None:
            was = before.finding.fingerprint
            moved[was] = replace(before, finding=finding, was=was)
    after = tuple(moved.get(one.finding.fingerprint, one) for one in standing.known)
    return replace(standing, known=after)


def followed_decision(decision: Decision, review: Review, present: Collection[str]) -> Decision:
    """The decision about where the finding is by now that it was given for."""
    if decision.path in present:
        return decision
    for finding in review.findings:
        if finding.rule != decision.rule:
            continue
        if (decision.path, decision.fingerprint) in fingerprints_at(finding, [decision.path]):
            return replace(decision, path=finding.path, fingerprint=finding.fingerprint)
    return decision


def renamed(live: Iterable[Live], standing: Standing) -> tuple[Live, ...]:
    """Our comments by the fingerprints that their findings have by now."""
    by_id = {one.comment_id: one.finding.fingerprint for one in standing.known if one.comment_id}
    by_key = {one.was: one.finding.fingerprint for one in standing.known if one.was}
    return tuple(_renamed(one, by_id.get(one.id) or by_key.get(one.mark.key)) for one in live)


def _gone(standing: Standing, present: Collection[str]) -> Gone:
    found: defaultdict[str, dict[str, dict[str, Known]]] = defaultdict(dict)
    for one in standing.known:
        finding = one.finding
        if finding.path not in present:
            found[finding.rule].setdefault(finding.path, {})[finding.fingerprint] = one
    return found


def _taken(gone: Gone, finding: Finding) -> Known | None:
    """What was known of a finding in another file; nobody else is it from now on."""
    files = gone.get(finding.rule, {})
    for path, was in fingerprints_at(finding, files):
        if was in files[path]:
            return files[path].pop(was)
    return None


def _renamed(live: Live, key: str | None) -> Live:
    if key is None or live.mark.kind != "finding" or key == live.mark.key:
        return live
    return replace(live, mark=replace(live.mark, key=key), moved=True)
