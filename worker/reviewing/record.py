"""What SQL is told of a review while it goes on and when it is done."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.db import commands, findings, leftovers, pull_requests, reviews, votes
from app.db.reviews import ReviewOutcome
from app.models import ReviewState
from rules.core.findings import Verdict
from worker.analysis.child import engine_version
from worker.feedback.polling import tell
from worker.lease import LeaseLostError
from worker.publishing.standing import State
from worker.reviewing import memory
from worker.reviewing.ending import conclude_left_open

if TYPE_CHECKING:
    from rules.core.findings import Review
    from worker.publishing.standing import Published, Standing
    from worker.reviewing.attempt import Attempt

FORCED = frozenset(
    {
        *("recheck", "base changed", "re-run", "paused", "resumed", "unlocked"),
        *("dismissed", "restored", "dismissal ended"),
    }
)
"""Reasons to review a head that was reviewed already."""


async def is_wanted(attempt: Attempt) -> bool:
    """Whether the head was not reviewed yet, or somebody wants it reviewed again."""
    row = attempt.row
    if row.reviewed_head_sha != attempt.head_sha or row.wanted_full or row.wanted_reason in FORCED:
        return True
    async with attempt.work.database.read() as session:
        return bool(await commands.unfinished(session, row.id))


async def open_review(attempt: Attempt) -> bool:
    """Open the row of this review; says whether more may stand on GitHub than is recorded.

    A check run that is still in progress on this head is taken up; others are concluded.
    """
    row = attempt.row
    async with attempt.work.database.read() as session:
        left = await leftovers.open_reviews(session, row.id)
        uncertain = await leftovers.may_have_published(session, row.id)
    ours = [one for one in left if one.generation == row.generation]
    attempt.check_run_id = next(
        (one.check_run_id for one in ours if one.head_sha == attempt.head_sha), None
    )
    stale = [one for one in left if one.head_sha != attempt.head_sha or one not in ours]
    await conclude_left_open(attempt, stale, "A newer commit is being reviewed.")
    async with attempt.work.database.write() as session:
        attempt.review_id = await reviews.start(
            session,
            pull_request_id=row.id,
            generation=row.generation,
            head_sha=attempt.head_sha,
            engine_version=engine_version(),
            now=datetime.now(UTC),
            whole_files=row.wanted_full,
        )
    return uncertain


async def said_of_whole_files(attempt: Attempt) -> frozenset[str]:
    """Fingerprints of open findings of which some stand on lines that nobody changed."""
    async with attempt.work.database.read() as session:
        return await findings.open_since_whole_review(session, attempt.row.id)


async def note(
    attempt: Attempt, *, merge_base: str | None = None, check_run_id: int | None = None
) -> None:
    """Remember what is known by now, for the next attempt if this one does not end."""
    assert attempt.review_id is not None
    async with attempt.work.database.write() as session:
        await reviews.progress(
            session, attempt.review_id, merge_base_sha=merge_base, check_run_id=check_run_id
        )


async def publishing(attempt: Attempt, review: Review, *, uncertain: bool) -> Standing:
    """Remember that writing begins, and recall what stands there and what was decided about it."""
    assert attempt.review_id is not None
    async with attempt.work.database.write() as session:
        await reviews.progress(session, attempt.review_id, state=ReviewState.PUBLISHING)
        now = datetime.now(UTC)
        standing = await memory.recall(
            session, attempt.row, attempt.review_id, now, uncertain=uncertain
        )
        return await memory.decide(
            session, attempt.row, standing, review, now, present=attempt.present
        )


def demotions(review: Review, standing: Standing) -> tuple[str, ...]:
    """A sentence about each rule of this review that is told in the summary only."""
    told = {one.rule: one.name for one in review.findings if one.rule in standing.demoted}
    return tuple(
        f"`{name}` ({code}) is told here only: of those who voted on its comments in this "
        "repository fewer than half found it right."
        for code, name in sorted(told.items())
    )


async def finished(attempt: Attempt, review: Review, published: Published, merge_base: str) -> None:
    """Record a published review, the fate of every finding, and give the lease back, all or none.

    Raises `LeaseLostError` when the pull request is not ours any more.
    """
    row, now = attempt.row, datetime.now(UTC)
    assert attempt.review_id is not None
    async with attempt.work.database.write() as session:
        await memory.record(
            session, row, attempt.review_id, published, attempt.head_sha, attempt.frames, now
        )
        await pull_requests.set_summary_comment(session, row.id, published.summary_comment_id)
        if published.review_ids:
            await reviews.progress(
                session, attempt.review_id, github_review_id=published.review_ids[-1]
            )
        await reviews.finish(
            session, attempt.review_id, ReviewState.DONE, now, _outcome(attempt, review, published)
        )
        ours = await pull_requests.finish(
            session,
            row.id,
            attempt.owner,
            row.generation,
            head_sha=attempt.head_sha,
            merge_base=merge_base,
        )
        if not ours:
            raise LeaseLostError
        demoted = await votes.record(session, row, published.votes, now) if published.votes else ()
    attempt.well = True
    tell(demoted)
    attempt.work.metrics.reviewed(review)
    attempt.work.metrics.reviews.labels(str(review.verdict)).inc()


def _outcome(attempt: Attempt, review: Review, published: Published) -> ReviewOutcome:
    dismissed = {one.finding.fingerprint for one in published.known if one.state is State.DISMISSED}
    left = [finding for finding in review.findings if finding.fingerprint not in dismissed]
    counts = {
        **Counter(str(finding.severity) for finding in left),
        "fixed": len(review.fixed),
        "dismissed": len(review.findings) - len(left),
        "reviewed": review.reviewed,
        "skipped": len(review.skipped),
        "suppressed": review.suppressed,
        "baselined": review.baselined,
        "deferred": review.deferred,
    }
    clean = review.verdict is Verdict.FINDINGS and not left
    return ReviewOutcome(
        verdict=str(Verdict.PASSED if clean else review.verdict),
        summary=counts,
        timings=dict(attempt.timings),
        skipped=[asdict(one) for one in review.skipped],
        notes=[*review.notes, *published.notes],
    )
