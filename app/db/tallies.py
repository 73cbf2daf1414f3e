"""What was found and fixed each day, added up as it is recorded. No function commits.

A page about twelve weeks reads some hundred rows here, however many findings there are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import FindingRecord, Tally

EVERYWHERE = 0
"""Stands for all repositories together; GitHub gives no such id."""
NO_GROUP = ""
"""Stands for what belongs to no group of the checklist: the reviews themselves."""


@dataclass(frozen=True, slots=True)
class Day:
    """The tally of one day (`YYYY-MM-DD`, UTC) and one group. Seconds are those from found to fixed."""

    day: str
    group: str
    found: int
    fixed: int
    fix_seconds: int
    reviews: int


async def count_review(
    session: AsyncSession,
    repository_id: int,
    review_id: int,
    fixed: Collection[FindingRecord],
    now: datetime,
) -> None:
    """Add a review that was just recorded: itself, what it was the first to find, what it saw fixed."""
    found = await session.execute(
        select(FindingRecord.group, func.count())
        .where(FindingRecord.first_review_id == review_id)
        .group_by(FindingRecord.group)
    )
    sums: dict[str, dict[str, int]] = {NO_GROUP: _row(reviews=1)}
    for group, count in found:
        sums[group] = _row(found=count)
    for finding in fixed:
        row = sums.setdefault(finding.group, _row())
        row["fixed"] += 1
        row["fix_seconds"] += max(0, round((now - finding.created_at).total_seconds()))
    for where in (repository_id, EVERYWHERE):
        await _add(session, where, now, sums)


async def since(
    session: AsyncSession, first: datetime, among: Collection[int] | None = None
) -> list[Day]:
    """The days from `first` on, of some repositories together or of all."""
    where = [EVERYWHERE] if among is None else list(among)
    total = (Tally.found, Tally.fixed, Tally.fix_seconds, Tally.reviews)
    rows = await session.execute(
        select(Tally.day, Tally.group, *(func.sum(column) for column in total))
        .where(Tally.repository_id.in_(where), Tally.day >= _day(first))
        .group_by(Tally.day, Tally.group)
        .order_by(Tally.day)
    )
    return [Day(day, group, *(int(value) for value in sums)) for day, group, *sums in rows]


async def _add(
    session: AsyncSession, repository_id: int, now: datetime, sums: dict[str, dict[str, int]]
) -> None:
    key = {"repository_id": repository_id, "day": _day(now)}
    statement = insert_into(session, Tally).values(
        [key | {"group": group} | row for group, row in sorted(sums.items())]
    )
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Tally.repository_id, Tally.day, Tally.group],
            set_={name: getattr(Tally, name) + new[name] for name in _row()},
        )
    )


def _row(*, found: int = 0, reviews: int = 0) -> dict[str, int]:
    return {"found": found, "fixed": 0, "fix_seconds": 0, "reviews": reviews}


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def weeks_ago(now: datetime, count: int) -> datetime:
    """Where the last `count` weeks begin, the present one among them."""
    return monday(now) - timedelta(weeks=count - 1)


def monday(moment: datetime) -> datetime:
    """The start of the week that a moment is in."""
    return (moment - timedelta(days=moment.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
