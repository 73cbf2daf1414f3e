"""The reviews that were made. No function commits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import PullRequest, ReviewRecord, ReviewState

FINAL = (ReviewState.DONE, ReviewState.SUPERSEDED, ReviewState.FAILED)
_RAW = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What a review came to: counts by name, seconds by stage, what was not reviewed and why."""

    verdict: str
    summary: dict[str, int] = field(default_factory=dict[str, int])
    timings: dict[str, float] = field(default_factory=dict[str, float])
    skipped: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    notes: list[str] = field(default_factory=list[str])


async def start(
    session: AsyncSession,
    *,
    pull_request_id: int,
    generation: int,
    head_sha: str,
    engine_version: str,
    now: datetime,
    whole_files: bool = False,
) -> int:
    """Open the review of a generation and give its id; a second attempt takes the same row up.

    What the first attempt put on GitHub stays known: the check run is found again by its id.
    """
    home = select(PullRequest.repository_id).where(PullRequest.id == pull_request_id)
    statement = insert_into(session, ReviewRecord).values(
        pull_request_id=pull_request_id,
        repository_id=home.scalar_subquery(),
        generation=generation,
        head_sha=head_sha,
        engine_version=engine_version,
        state=ReviewState.RUNNING,
        whole_files=whole_files,
        summary={},
        timings={},
        skipped=[],
        notes=[],
        started_at=now,
    )
    statement = statement.on_conflict_do_update(
        index_elements=[ReviewRecord.pull_request_id, ReviewRecord.generation],
        set_={
            "head_sha": statement.excluded.head_sha,
            "engine_version": statement.excluded.engine_version,
            "state": ReviewState.RUNNING,
            "whole_files": whole_files,
            "started_at": now,
            "finished_at": None,
        },
    ).returning(ReviewRecord.id)
    return (await session.execute(statement)).scalar_one()


async def progress(
    session: AsyncSession,
    review_id: int,
    *,
    state: ReviewState | None = None,
    merge_base_sha: str | None = None,
    check_run_id: int | None = None,
    github_review_id: int | None = None,
) -> None:
    """Remember what is known by now; what is None stays as it is."""
    known = {
        "state": state,
        "merge_base_sha": merge_base_sha,
        "check_run_id": check_run_id,
        "github_review_id": github_review_id,
    }
    values = {name: value for name, value in known.items() if value is not None}
    if values:
        await _update(session, review_id, values)


async def finish(
    session: AsyncSession,
    review_id: int,
    state: ReviewState,
    now: datetime,
    outcome: ReviewOutcome | None = None,
) -> None:
    """Close a review as done, superseded or failed."""
    values: dict[str, object] = {"state": state, "finished_at": now}
    if outcome is not None:
        values |= {
            "verdict": outcome.verdict,
            "summary": outcome.summary,
            "timings": outcome.timings,
            "skipped": outcome.skipped,
            "notes": outcome.notes,
        }
    await _update(session, review_id, values)


async def get(session: AsyncSession, review_id: int) -> ReviewRecord | None:
    """The review with our id, read anew."""
    return await session.get(ReviewRecord, review_id, populate_existing=True)


async def latest(session: AsyncSession, pull_request_id: int) -> ReviewRecord | None:
    """The newest review of a pull request that was posted."""
    return await session.scalar(
        select(ReviewRecord)
        .where(
            ReviewRecord.pull_request_id == pull_request_id, ReviewRecord.state == ReviewState.DONE
        )
        .order_by(ReviewRecord.generation.desc())
        .limit(1)
    )


async def _update(session: AsyncSession, review_id: int, values: Mapping[str, object]) -> None:
    await session.execute(
        update(ReviewRecord).where(ReviewRecord.id == review_id).values(**values),
        execution_options=_RAW,
    )
