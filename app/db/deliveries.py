"""The inbox: deliveries are accepted once, claimed by lease, finished, or tried again later.

No function commits. Times are given by the caller, so that one transaction has one `now`.
"""

import enum
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Update, and_, case, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_on
from app.models import Base, Delivery, DeliveryState

UNFINISHED = (DeliveryState.RECEIVED, DeliveryState.FAILED)
MAX_ERROR = 2_000
SUSPENDED = "suspended: "
"""What an error begins with that ends when the installation is awake again."""
_TABLE = Base.metadata.tables["deliveries"]


class Acceptance(enum.StrEnum):
    """What became of a delivery that arrived."""

    NEW = "new"
    AGAIN = "again"
    """The GUID was here before, but its work was never finished: it is due once more."""
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery as it arrives; `payload` is the raw JSON that was signed."""

    guid: str
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    payload: bytes


async def accept(session: AsyncSession, arrival: Arrival, now: datetime) -> Acceptance:
    """Remember a delivery; see `accept_on`."""
    connection = await session.connection()
    return await connection.run_sync(accept_on, arrival, now)


def accept_on(connection: Connection, arrival: Arrival, now: datetime) -> Acceptance:
    """Remember a delivery and make it due, unless it was finished before.

    A redelivery of one that failed or hangs gets all its attempts back. One that a worker has
    under its lease stays there, and is finished by it.
    """
    statement = insert_on(connection, _TABLE).values(
        **asdict(arrival),
        state=DeliveryState.RECEIVED,
        attempts=0,
        redeliveries=0,
        due_at=now,
        received_at=now,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["guid"],
        set_={
            "state": DeliveryState.RECEIVED,
            "attempts": 0,
            "redeliveries": _TABLE.c.redeliveries + 1,
            "due_at": now,
        },
        where=_TABLE.c.state.in_(UNFINISHED),
    )
    redeliveries = connection.scalar(statement.returning(_TABLE.c.redeliveries))
    if redeliveries is None:
        return Acceptance.DUPLICATE
    return Acceptance.AGAIN if redeliveries else Acceptance.NEW


async def claim_due(
    session: AsyncSession,
    owner: str,
    now: datetime,
    *,
    lease: timedelta,
    max_attempts: int,
    limit: int = 10,
) -> list[Delivery]:
    """Take up to `limit` due deliveries, the oldest first; `owner` has them until the lease ends.

    `owner` must be unique to this claim. A delivery that was tried `max_attempts` times is left
    to `give_up_exhausted`.
    """
    free = and_(
        Delivery.state == DeliveryState.RECEIVED,
        Delivery.due_at <= now,
        Delivery.attempts < max_attempts,
        or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now),
    )
    oldest = (
        select(Delivery.guid)
        .where(free)
        .order_by(Delivery.received_at, Delivery.guid)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("oldest")
    )
    claimed = await session.scalars(
        update(Delivery)
        .where(Delivery.guid.in_(select(oldest.c.guid)), free)
        .values(lease_owner=owner, leased_until=now + lease, attempts=Delivery.attempts + 1)
        .returning(Delivery),
        execution_options={"synchronize_session": False, "populate_existing": True},
    )
    return sorted(claimed, key=lambda delivery: (delivery.received_at, delivery.guid))


async def renew(
    session: AsyncSession, guid: str, owner: str, now: datetime, *, lease: timedelta
) -> bool:
    """Hold a claimed delivery for longer; False when somebody else has it by now."""
    return await _changed(session, _mine(guid, owner).values(leased_until=now + lease))


async def finish(
    session: AsyncSession,
    guid: str,
    owner: str,
    now: datetime,
    *,
    state: DeliveryState = DeliveryState.DONE,
) -> bool:
    """Mark a claimed delivery as done or ignored; False when it was no longer ours."""
    statement = _mine(guid, owner).values(
        state=state, done_at=now, due_at=None, lease_owner=None, leased_until=None, error=None
    )
    return await _changed(session, statement)


async def fail(
    session: AsyncSession, guid: str, owner: str, error: str, *, retry_at: datetime | None
) -> bool:
    """Give a claimed delivery back: due again at `retry_at`, or failed for good when None.

    A redelivery by hand brings a failed one back. False when it was no longer ours.
    """
    state = DeliveryState.FAILED if retry_at is None else DeliveryState.RECEIVED
    statement = _mine(guid, owner).values(
        state=state, due_at=retry_at, lease_owner=None, leased_until=None, error=error[:MAX_ERROR]
    )
    return await _changed(session, statement)


async def give_up_exhausted(session: AsyncSession, now: datetime, *, max_attempts: int) -> int:
    """Mark as failed what used up its attempts without a word, by taking its workers down."""
    statement = (
        update(Delivery)
        .where(
            Delivery.state == DeliveryState.RECEIVED,
            Delivery.attempts >= max_attempts,
            or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now),
        )
        .values(
            state=DeliveryState.FAILED,
            due_at=None,
            lease_owner=None,
            leased_until=None,
            error=case(
                (Delivery.error.is_(None), literal("every attempt ended without an answer")),
                else_=Delivery.error,
            ),
        )
        .returning(Delivery.guid)
    )
    return await _count(session, statement)


async def revive(session: AsyncSession, installation_id: int, now: datetime) -> int:
    """Make due again what failed because its installation was suspended."""
    statement = (
        update(Delivery)
        .where(
            Delivery.installation_id == installation_id,
            Delivery.state == DeliveryState.FAILED,
            Delivery.error.startswith(SUSPENDED),
        )
        .values(state=DeliveryState.RECEIVED, attempts=0, due_at=now, error=None)
        .returning(Delivery.guid)
    )
    return await _count(session, statement)


async def get(session: AsyncSession, guid: str) -> Delivery | None:
    """The delivery of that GUID."""
    return await session.get(Delivery, guid)


async def forget_before(session: AsyncSession, moment: datetime) -> None:
    """Drop deliveries that came before `moment` and are finished or failed."""
    await session.execute(
        delete(Delivery).where(
            Delivery.state != DeliveryState.RECEIVED, Delivery.received_at < moment
        )
    )


async def count_by_state(session: AsyncSession) -> dict[DeliveryState, int]:
    """How many deliveries are in each state; a state without one is missing."""
    rows = await session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
    return dict(rows.all())


async def oldest_waiting(session: AsyncSession) -> datetime | None:
    """When the delivery arrived that has waited longest, None when none waits."""
    return await session.scalar(
        select(Delivery.received_at)
        .where(Delivery.state == DeliveryState.RECEIVED)
        .order_by(Delivery.received_at)
        .limit(1)
    )


def _mine(guid: str, owner: str) -> Update:
    return update(Delivery).where(
        Delivery.guid == guid,
        Delivery.lease_owner == owner,
        Delivery.state == DeliveryState.RECEIVED,
    )


async def _changed(session: AsyncSession, statement: Update) -> bool:
    return await _count(session, statement.returning(Delivery.guid)) == 1


async def _count(session: AsyncSession, statement: Update) -> int:
    rows = await session.execute(statement, execution_options={"synchronize_session": False})
    return len(rows.all())
