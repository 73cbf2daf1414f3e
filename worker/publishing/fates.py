"""What became of every finding, and how the pull request stands by it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.core.report.assessment import Assessment, Item
from rules.core.rule import Confidence
from worker.publishing.reconcile import by_fingerprint, happened, unseen
from worker.publishing.standing import Known, Place, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rules.core.config import Config
    from rules.core.findings import Review
    from worker.publishing.standing import Standing


def heard(review: Review, config: Config) -> Review:
    """The review without what the repository does not want to hear of."""
    if config.low_confidence != "off":
        return review
    kept = tuple(f for f in review.findings if f.confidence is not Confidence.LOW)
    return replace(review, findings=kept)


def fates(
    review: Review,
    standing: Standing,
    head_sha: str,
    places: Mapping[str, Place],
    comment_ids: Mapping[str, int],
    outdated: Collection[str] = (),
) -> tuple[Known, ...]:
    """Every finding of this review and of the ones before, once each.

    What was open and is gone was fixed by this head, unless its file was not analysed.
    """
    known = by_fingerprint(standing)
    found: list[Known] = []
    for finding in review.findings:
        key = finding.fingerprint
        before = known.pop(key, None)
        if before and before.state is State.DISMISSED:
            found.append(replace(before, finding=finding))
        else:
            place = places.get(key, Place.SUMMARY)
            hidden = key in outdated
            was = before.was if before else None
            found.append(
                Known(finding, State.OPEN, place, comment_ids.get(key), outdated=hidden, was=was)
            )
    return (*found, *(_gone(one, review, head_sha) for one in known.values()))


def assess(review: Review, known: tuple[Known, ...], config: Config, pull_url: str) -> Assessment:
    """The one object from which summary and check run are made."""
    said = {one.finding.fingerprint for one in known}
    repaired = tuple(Item(f, "fixed") for f in review.fixed if f.fingerprint not in said)
    items = tuple(_item(one, pull_url) for one in known)
    why_not = "" if happened(review) else " ".join(review.notes)
    return Assessment(review, (*items, *repaired), config.fail_on, why_not)


def _gone(before: Known, review: Review, head_sha: str) -> Known:
    if before.state is not State.OPEN or unseen(review, before.finding.path):
        return before
    return before.with_state(State.FIXED, head_sha)


def _item(one: Known, pull_url: str) -> Item:
    url = f"{pull_url}#discussion_r{one.comment_id}" if one.comment_id else None
    return Item(
        one.finding,
        one.state.value,
        url,
        one.fixed_sha or "",
        one.dismissed_by or "",
        one.dismissed_until if one.state is State.DISMISSED else None,
        one.dismissed_reason or "",
        outdated=one.outdated,
    )
