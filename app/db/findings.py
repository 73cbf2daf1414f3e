"""The fate of findings: open, fixed, open again, dismissed. No function commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import (
    FindingPlace,
    FindingRecord,
    FindingState,
    PullRequest,
    ReviewRecord,
    ReviewState,
)
from rules.core.findings import Finding

BATCH = 200

type Frame = dict[str, int | list[str]]
"""The code around a finding: `lines` from line `start` on."""

_RAW = {"synchronize_session": False}


async def record_open(
    session: AsyncSession,
    *,
    pull_request_id: int,
    review_id: int,
    findings: Sequence[Finding],
    places: Mapping[str, FindingPlace],
    now: datetime,
    frames: Mapping[str, Frame] | None = None,
) -> None:
    """Remember the findings of a review; one that was fixed is open again, one dismissed stays so.

    `places` says by fingerprint where each stands; what is missing stands in the summary. `frames`
    has the code around those that this review reported.
    """
    repository_id = await session.scalar(
        select(PullRequest.repository_id).where(PullRequest.id == pull_request_id)
    )
    rows = {
        finding.fingerprint: _row(finding)
        | {
            "pull_request_id": pull_request_id,
            "repository_id": repository_id,
            "frame": (frames or {}).get(finding.fingerprint),
            "place": places.get(finding.fingerprint, FindingPlace.SUMMARY),
            "state": FindingState.OPEN,
            "first_review_id": review_id,
            "last_review_id": review_id,
            "created_at": now,
            "updated_at": now,
        }
        for finding in findings
    }
    for batch in _batches(list(rows.values())):
        await _upsert(session, batch)


async def mark_fixed(
    session: AsyncSession,
    *,
    pull_request_id: int,
    fingerprints: Collection[str],
    head_sha: str,
    review_id: int,
    now: datetime,
) -> list[FindingRecord]:
    """Mark open findings as fixed in `head_sha`; gives those that this call changed."""
    fixed: list[FindingRecord] = []
    for batch in _batches(sorted(fingerprints)):
        fixed += await session.scalars(
            update(FindingRecord)
            .where(
                FindingRecord.pull_request_id == pull_request_id,
                FindingRecord.fingerprint.in_(batch),
                FindingRecord.state == FindingState.OPEN,
            )
            .values(
                state=FindingState.FIXED,
                fixed_sha=head_sha,
                last_review_id=review_id,
                updated_at=now,
            )
            .returning(FindingRecord),
            execution_options={"synchronize_session": False, "populate_existing": True},
        )
    return sorted(fixed, key=lambda finding: finding.id)


async def open_since_whole_review(session: AsyncSession, pull_request_id: int) -> frozenset[str]:
    """Fingerprints of the open findings, none unless whole files were ever reviewed."""
    whole = select(ReviewRecord.id).where(
        ReviewRecord.pull_request_id == pull_request_id,
        ReviewRecord.whole_files,
        ReviewRecord.state == ReviewState.DONE,
    )
    found = await session.scalars(
        select(FindingRecord.fingerprint).where(
            FindingRecord.pull_request_id == pull_request_id,
            FindingRecord.state == FindingState.OPEN,
            whole.exists(),
        )
    )
    return frozenset(found)


async def rename(
    session: AsyncSession, pull_request_id: int, fingerprints: Mapping[str, str]
) -> None:
    """Know findings by new fingerprints, each by the one that it had before its file moved."""
    for old, new in sorted(fingerprints.items()):
        await session.execute(
            update(FindingRecord)
            .where(
                FindingRecord.pull_request_id == pull_request_id,
                FindingRecord.fingerprint == old,
            )
            .values(fingerprint=new),
            execution_options=_RAW,
        )


async def set_comments(
    session: AsyncSession, pull_request_id: int, comment_ids: Mapping[str, int | None]
) -> None:
    """Remember by fingerprint which comment carries a finding; None where somebody deleted it."""
    for fingerprint, comment_id in sorted(comment_ids.items()):
        await session.execute(
            update(FindingRecord)
            .where(
                FindingRecord.pull_request_id == pull_request_id,
                FindingRecord.fingerprint == fingerprint,
            )
            .values(comment_id=comment_id),
            execution_options=_RAW,
        )


async def of_pull_request(
    session: AsyncSession, pull_request_id: int, states: Collection[FindingState] = ()
) -> list[FindingRecord]:
    """The findings of a pull request by path and line, all of them or those in `states`."""
    query = select(FindingRecord).where(FindingRecord.pull_request_id == pull_request_id)
    if states:
        query = query.where(FindingRecord.state.in_(states))
    ordered = query.order_by(FindingRecord.path, FindingRecord.line, FindingRecord.id)
    found = await session.scalars(ordered, execution_options={"populate_existing": True})
    return list(found)


async def _upsert(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    statement = insert_into(session, FindingRecord).values(rows)
    new = statement.excluded
    was_fixed = FindingRecord.state == FindingState.FIXED
    known = ("severity", "line", "end_line", "path", "message", "confidence", "trace", "fix")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[FindingRecord.pull_request_id, FindingRecord.fingerprint],
            set_={name: new[name] for name in (*known, "place", "last_review_id", "updated_at")}
            | {
                "frame": func.coalesce(new.frame, FindingRecord.frame),
                "state": case((was_fixed, FindingState.OPEN), else_=FindingRecord.state),
                "fixed_sha": None,
            },
        )
    )


def _row(finding: Finding) -> dict[str, object]:
    plain = asdict(finding)
    columns = ("fingerprint", "rule", "name", "severity", "group", "path", "line", "end_line")
    row: dict[str, object] = {name: plain[name] for name in columns}
    return row | {
        "message": finding.message,
        "confidence": str(finding.confidence),
        "severity": str(finding.severity),
        "trace": [asdict(step) for step in finding.trace],
        "fix": None if finding.fix is None else asdict(finding.fix),
    }


def _batches[Item](items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
