"""Taking deliveries that wait, reacting to each, and recording how that ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.db import deliveries, installations, leftovers
from app.github.errors import (
    AmbiguousError,
    PermissionMissingError,
    RateLimitedError,
    SuspendedError,
    TerminalError,
    TransientError,
    UnauthorizedError,
)
from app.models import DeliveryState
from app.payloads import PayloadError, parse
from app.queue import wake
from worker.events.reactions import REACTIONS
from worker.lease import LeaseLostError, held
from worker.recovery.suspended import is_asleep
from worker.work import later, new_owner

if TYPE_CHECKING:
    from app.models import Delivery
    from worker.work import Work

log = structlog.get_logger(__name__)


async def take_due(work: Work) -> None:
    """React to what waits, the oldest first, unless enough others do already."""
    if not await work.drain(work.deliveries, lambda: _take_next(work)):
        await wake(work.queue, "take_deliveries")


async def _take_next(work: Work) -> bool:
    """React to the delivery that waits longest; False when none waits."""
    owner = new_owner()
    async with work.database.write() as session:
        claimed = await deliveries.claim_due(
            session,
            owner,
            datetime.now(UTC),
            lease=work.lease,
            max_attempts=work.settings.max_attempts,
            limit=1,
        )
    for delivery in claimed:
        await _hold(work, delivery, owner)
    return bool(claimed)


async def _hold(work: Work, delivery: Delivery, owner: str) -> None:
    async def renew(now: datetime) -> bool:
        async with work.database.write() as session:
            return await deliveries.renew(session, delivery.guid, owner, now, lease=work.lease)

    try:
        async with held(renew, work.lease):
            await _react(work, delivery, owner)
    except LeaseLostError:
        log.warning("lease lost", guid=delivery.guid)
    except asyncio.CancelledError:
        # The worker stops: the next one takes it at once instead of after the lease.
        await asyncio.shield(_fail(work, delivery, owner, "interrupted", datetime.now(UTC)))
        raise


async def _react(work: Work, delivery: Delivery, owner: str) -> None:
    reaction = REACTIONS.get((delivery.event, delivery.action))
    state = DeliveryState.IGNORED if reaction is None else DeliveryState.DONE
    try:
        event = parse(delivery.event, delivery.payload) if reaction else None
        if reaction and event:
            await reaction(work, event)
    except Exception as error:  # noqa: BLE001 the outermost boundary of a delivery
        await _failed(work, delivery, owner, error)
        return
    async with work.database.write() as session:
        await deliveries.finish(session, delivery.guid, owner, datetime.now(UTC), state=state)
    log.info("delivery done", event_name=delivery.event, action=delivery.action, state=str(state))


async def _failed(work: Work, delivery: Delivery, owner: str, error: Exception) -> None:
    """Decide by the error: later, never, or a few times more."""
    said = str(error) or type(error).__name__
    names = {"guid": delivery.guid, "event_name": delivery.event, "action": delivery.action}
    match error:
        case RateLimitedError():
            await _defer(work, delivery, owner, said, error.retry_at)
        case AmbiguousError() | TransientError() | UnauthorizedError() | SQLAlchemyError():
            log.warning("delivery deferred", reason=said, **names)
            await _defer(work, delivery, owner, said, later(delivery.attempts))
        case PayloadError():
            log.error("payload not understood", reason=said, **names)
            await _fail(work, delivery, owner, said, None)
        case SuspendedError():
            log.info("delivery waits for its installation", reason=said, **names)
            await _wait(work, delivery, owner, said)
        case PermissionMissingError():
            log.warning("not granted", reason=said, needed=error.needed, **names)
            await _fail(work, delivery, owner, f"{said} ({error.needed or 'unknown'})", None)
        case TerminalError():
            log.info("delivery is about what is gone", reason=said, **names)
            await _fail(work, delivery, owner, said, None)
        case _:
            log.error("delivery failed", exc_info=error, **names)
            last = delivery.attempts >= work.settings.max_attempts
            until = None if last else later(delivery.attempts)
            await _fail(work, delivery, owner, f"{type(error).__name__}: {said}", until)


async def _defer(work: Work, delivery: Delivery, owner: str, why: str, until: datetime) -> None:
    """Go on when GitHub is well again, however often it takes."""
    most = work.settings.max_attempts - 1
    async with work.database.write() as session:
        await leftovers.defer_delivery(
            session, delivery.guid, owner, why, retry_at=until, most=most
        )


async def _wait(work: Work, delivery: Delivery, owner: str, why: str) -> None:
    """Go on when the installation is awake again, which is asked about until then."""
    number = delivery.installation_id
    if number is not None and not await is_asleep(work, number):
        await _defer(work, delivery, owner, why, later(delivery.attempts))
        return
    error = f"{deliveries.SUSPENDED}{why}"
    async with work.database.write() as session:
        await deliveries.fail(session, delivery.guid, owner, error, retry_at=None)
        if number is not None:
            await installations.suspend(session, number, datetime.now(UTC))


async def _fail(
    work: Work, delivery: Delivery, owner: str, error: str, until: datetime | None
) -> None:
    async with work.database.write() as session:
        await deliveries.fail(session, delivery.guid, owner, error, retry_at=until)
