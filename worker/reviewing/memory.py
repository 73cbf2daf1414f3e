"""Between what SQL remembers of findings and what publishing knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.db import dismissals, findings, leftovers, tallies, votes
from app.models import FindingPlace
from rules.core.findings import Finding, Suggestion
from rules.core.rule import Confidence, Severity, Step
from worker.publishing.decisions import Decision, decided
from worker.publishing.following import followed, followed_decision
from worker.publishing.standing import Known, Place, Standing, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.db.findings import Frame
    from app.models import FindingRecord, PullRequest
    from rules.core.findings import Review
    from worker.publishing.standing import Published

_PLACES = {
    Place.INLINE: FindingPlace.INLINE,
    Place.FILE: FindingPlace.FILE,
    Place.CHECK: FindingPlace.CHECK,
    Place.SUMMARY: FindingPlace.SUMMARY,
}


async def recall(
    session: AsyncSession, row: PullRequest, review_id: int, now: datetime, *, uncertain: bool
) -> Standing:
    """What stands on a pull request, as far as the reviews before this one were recorded."""
    records = await findings.of_pull_request(session, row.id)
    known = tuple(_known(record) for record in records)
    demoted = await votes.demoted(session, row.repository_id, now)
    unrecorded = await leftovers.has_unrecorded(session, row.id, review_id)
    return Standing(known, row.summary_comment_id, uncertain, unrecorded, demoted)


async def decide(
    session: AsyncSession,
    row: PullRequest,
    standing: Standing,
    review: Review,
    now: datetime,
    *,
    present: Collection[str],
) -> Standing:
    """The standing with what moved, and with what holds in the repository by now; see `decided`.

    `present` has the paths of the head.
    """
    held = await decisions(session, row.repository_id, now)
    here = [followed_decision(one, review, present) for one in held]
    return decided(followed(standing, review, present), review, here)


async def decisions(session: AsyncSession, repository_id: int, now: datetime) -> list[Decision]:
    """What people decided to live with in a repository, the newest first."""
    return [
        Decision(
            scope=one.scope.value,
            rule=one.rule,
            path=one.path,
            fingerprint=one.fingerprint,
            dismissed_by=one.dismissed_by,
            reason=one.reason,
            until=one.expires_at.date(),
        )
        for one in await dismissals.active(session, repository_id, now)
    ]


async def record(
    session: AsyncSession,
    row: PullRequest,
    review_id: int,
    published: Published,
    head_sha: str,
    frames: Mapping[str, Frame],
    now: datetime,
) -> None:
    """Write down the fate of every finding after a review was published, and count it."""
    said = [one for one in published.known if one.state is not State.FIXED]
    moved = {one.was: one.finding.fingerprint for one in published.known if one.was}
    await findings.rename(session, row.id, moved)
    await findings.record_open(
        session,
        pull_request_id=row.id,
        review_id=review_id,
        findings=[one.finding for one in said],
        places={one.finding.fingerprint: _PLACES[one.place] for one in said if one.place},
        now=now,
        frames=frames,
    )
    gone: list[FindingRecord] = []
    for sha, fingerprints in _fixed(published.known, head_sha).items():
        gone += await findings.mark_fixed(
            session,
            pull_request_id=row.id,
            fingerprints=fingerprints,
            head_sha=sha,
            review_id=review_id,
            now=now,
        )
    await tallies.count_review(session, row.repository_id, review_id, gone, now)
    comments = {one.finding.fingerprint: one.comment_id for one in published.known}
    await findings.set_comments(session, row.id, comments)
    await dismissals.set_fates(
        session,
        row.id,
        dismissed={
            one.finding.fingerprint: (one.dismissed_by, one.dismissed_reason)
            for one in said
            if one.state is State.DISMISSED
        },
        reopened=[one.finding.fingerprint for one in said if one.state is State.OPEN],
    )


def _fixed(known: Iterable[Known], head_sha: str) -> dict[str, list[str]]:
    """Fingerprints by the commit that fixed them."""
    fixed: dict[str, list[str]] = {}
    for one in known:
        if one.state is State.FIXED:
            fixed.setdefault(one.fixed_sha or head_sha, []).append(one.finding.fingerprint)
    return fixed


def _known(record: FindingRecord) -> Known:
    return Known(
        finding=finding_of(record),
        state=State(record.state.value),
        place=Place(record.place.value),
        comment_id=record.comment_id,
        fixed_sha=record.fixed_sha,
        dismissed_by=record.dismissed_by,
        dismissed_reason=record.dismissed_reason,
    )


def finding_of(record: FindingRecord) -> Finding:
    """The finding of a record; what only its first review needed is left out."""
    return Finding(
        rule=record.rule,
        name=record.name,
        severity=Severity(record.severity),
        group=record.group,
        path=record.path,
        line=record.line,
        end_line=record.end_line,
        column=1,
        message=record.message,
        fingerprint=record.fingerprint,
        confidence=Confidence(record.confidence),
        trace=tuple(
            Step(str(step["path"]), int(step["line"]), str(step["message"]))
            for step in record.trace
        ),
        fix=_suggestion(record),
    )


def _suggestion(record: FindingRecord) -> Suggestion | None:
    if record.fix is None:
        return None
    fix = record.fix
    return Suggestion(int(fix["start_line"]), int(fix["end_line"]), str(fix["replacement"]))
