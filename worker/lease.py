"""Holding a lease while work goes on, and stopping the work when the lease is lost."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

log = structlog.get_logger(__name__)

BEATS = 3
"""Renewals within one length of the lease: two may fail before it is lost."""


class LeaseLostError(Exception):
    """Somebody else may have taken the work: nothing of it may be written any more."""


@asynccontextmanager
async def held(
    renew: Callable[[datetime], Awaitable[bool]], length: timedelta
) -> AsyncGenerator[None]:
    """Renew a lease of this `length` while the block runs.

    `renew` is given the time and says whether the lease is still ours. When it is not, or could
    not be renewed for as long as it lasts, the block is cancelled and `LeaseLostError` raised.
    """
    worker = asyncio.current_task()
    assert worker is not None
    heart = asyncio.create_task(_beat(renew, length))
    lost = False

    def stop(_: asyncio.Task[None]) -> None:
        nonlocal lost
        if not heart.cancelled():
            lost = True
            worker.cancel()

    heart.add_done_callback(stop)
    try:
        yield
    except asyncio.CancelledError:
        if lost and worker.uncancel() == 0:
            raise LeaseLostError from heart.exception()
        raise
    finally:
        heart.remove_done_callback(stop)
        heart.cancel()
        await asyncio.wait([heart])


async def _beat(renew: Callable[[datetime], Awaitable[bool]], length: timedelta) -> None:
    """Return when the lease is lost, or ends before it could be renewed."""
    until = datetime.now(UTC) + length
    with suppress(TimeoutError):
        while True:
            await asyncio.sleep(length.total_seconds() / BEATS)
            async with asyncio.timeout((until - datetime.now(UTC)).total_seconds()):
                now = datetime.now(UTC)
                try:
                    if not await renew(now):
                        return
                except SQLAlchemyError as error:
                    log.warning("lease not renewed", error=str(error))
                else:
                    until = now + length
