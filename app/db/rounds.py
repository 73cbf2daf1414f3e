"""Work that one worker of all does from time to time. No function commits."""

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import Round

_FRESH = {"synchronize_session": False, "populate_existing": True}


async def claim(
    session: AsyncSession,
    name: str,
    owner: str,
    now: datetime,
    *,
    lease: timedelta,
    least: timedelta,
) -> Round | None:
    """Take a round for the time of a lease; None when another has it or it ended just now.

    `least` is the time between the beginnings of two rounds.
    """
    new = insert_into(session, Round).values(name=name)
    await session.execute(new.on_conflict_do_nothing(index_elements=[Round.name]))
    return await session.scalar(
        update(Round)
        .where(
            Round.name == name,
            or_(Round.leased_until.is_(None), Round.leased_until <= now),
            or_(Round.ran_at.is_(None), Round.ran_at <= now - least),
        )
        .values(lease_owner=owner, leased_until=now + lease, ran_at=now)
        .returning(Round),
        execution_options=_FRESH,
    )


async def renew(
    session: AsyncSession, name: str, owner: str, now: datetime, *, lease: timedelta
) -> bool:
    """Hold a round for longer; False when another has it by now."""
    held = await session.scalar(
        update(Round)
        .where(Round.name == name, Round.lease_owner == owner)
        .values(leased_until=now + lease)
        .returning(Round.name),
        execution_options=_FRESH,
    )
    return held is not None


async def finish(
    session: AsyncSession, name: str, owner: str, examined_until: datetime | None
) -> None:
    """Give a round back; how far it came is kept, None keeps what was there."""
    values: dict[str, object] = {"lease_owner": None, "leased_until": None}
    if examined_until is not None:
        values["examined_until"] = examined_until
    await session.execute(
        update(Round).where(Round.name == name, Round.lease_owner == owner).values(**values),
        execution_options=_FRESH,
    )
