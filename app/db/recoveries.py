"""What was found that no delivery had told of. No function commits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import (
    Delivery,
    Installation,
    Recovery,
    RecoveryKind,
    Repository,
)


@dataclass(frozen=True, slots=True)
class RecoveryLine:
    """A recovery with the repository that it was in, if that is known."""

    recovery: Recovery
    repository: Repository | None


async def accepted(session: AsyncSession, guids: Collection[str]) -> set[str]:
    """Those of the deliveries that reached us after all."""
    found = await session.scalars(select(Delivery.guid).where(Delivery.guid.in_(guids)))
    return set(found)


async def attempts(session: AsyncSession, guids: Collection[str]) -> dict[str, int]:
    """How often each of the deliveries was asked for again."""
    rows = await session.execute(
        select(Recovery.guid, Recovery.attempts).where(Recovery.guid.in_(guids))
    )
    return {guid: count for guid, count in rows if guid is not None}


async def redelivered(
    session: AsyncSession, guid: str, event: str, repository_id: int | None, now: datetime
) -> None:
    """Remember that a delivery was asked for again."""
    statement = insert_into(session, Recovery).values(
        kind=RecoveryKind.DELIVERY,
        event=event,
        guid=guid,
        repository_id=repository_id,
        attempts=1,
        recovered_at=now,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Recovery.guid],
            set_={"attempts": Recovery.attempts + 1, "recovered_at": now},
        )
    )


async def found_unreviewed(
    session: AsyncSession, repository_id: int, number: int, event: str, now: datetime
) -> None:
    """Remember that a pull request was found of whose head no delivery had told."""
    await session.execute(
        insert_into(session, Recovery).values(
            kind=RecoveryKind.PULL_REQUEST,
            event=event,
            repository_id=repository_id,
            number=number,
            attempts=1,
            recovered_at=now,
        )
    )


async def reachable_repositories(session: AsyncSession) -> list[Repository]:
    """Every repository that the App has and may write to, by installation."""
    found = await session.scalars(
        select(Repository)
        .join(Installation, Installation.id == Repository.installation_id)
        .where(
            Repository.removed_at.is_(None),
            Repository.archived.is_(False),
            Installation.suspended_at.is_(None),
            Installation.deleted_at.is_(None),
        )
        .order_by(Repository.installation_id, Repository.id)
    )
    return list(found)


async def count_by_kind(session: AsyncSession) -> dict[RecoveryKind, int]:
    """How much was recovered so far."""
    rows = await session.execute(select(Recovery.kind, func.count()).group_by(Recovery.kind))
    return dict(rows.all())


async def recent(session: AsyncSession, limit: int = 20) -> list[RecoveryLine]:
    """The newest recoveries."""
    rows = await session.execute(
        select(Recovery, Repository)
        .outerjoin(Repository, Repository.id == Recovery.repository_id)
        .order_by(Recovery.recovered_at.desc(), Recovery.id.desc())
        .limit(limit)
    )
    return [RecoveryLine(recovery, repository) for recovery, repository in rows]
