"""Forgetting in time: deliveries, old pull requests, and all of accounts that left."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.db import deliveries, erasing, repositories

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from worker.work import Work

log = structlog.get_logger(__name__)

MOST_TRANSACTIONS = 100
"""Of one kind in one round; the next round goes on."""


async def forget(work: Work) -> None:
    """Erase what its time has come for, in SQL and among the mirrors of this machine."""
    settings, now = work.settings, datetime.now(UTC)
    kept = timedelta(days=settings.delivery_retention_days)
    async with work.database.write() as session:
        await deliveries.forget_before(session, now - kept)
    left = now - timedelta(days=settings.uninstalled_retention_days)
    await _all_of(work, "installations", erasing.uninstalled, left)
    await _all_of(work, "repositories", erasing.removed_repositories, left)
    old = now - timedelta(days=settings.history_retention_days)
    await _all_of(work, "pull requests", erasing.old_pull_requests, old)
    await _all_of(work, "audit entries", erasing.old_audit, old)
    await _discard_mirrors(work)


async def _all_of(
    work: Work,
    what: str,
    erase: Callable[[AsyncSession, datetime], Awaitable[int]],
    before: datetime,
) -> None:
    erased = 0
    for _ in range(MOST_TRANSACTIONS):
        async with work.database.write() as session:
            count = await erase(session, before)
        erased += count
        if count < erasing.AT_ONCE:
            break
    if erased:
        log.info("erased", what=what, count=erased)


async def _discard_mirrors(work: Work) -> None:
    """Remove mirrors of repositories that are not remembered: each machine has its own."""
    here = await asyncio.to_thread(work.mirrors.repository_ids)
    async with work.database.read() as session:
        known = await repositories.known_ids(session, here)
    for repository_id in sorted(here - known):
        await work.mirrors.discard(repository_id)
        log.info("mirror discarded", repository_id=repository_id)
