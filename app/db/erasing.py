"""Forgetting: what nobody may keep any more, and what is too old to matter. No function commits.

Rows that belong to what is deleted go with it, by the foreign keys.
"""

from datetime import datetime

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import (
    AuditEntry,
    Delivery,
    Installation,
    PullRequest,
    PullRequestState,
    Recovery,
    Repository,
    Tally,
)

AT_ONCE = 100
"""Rows deleted in one transaction, so that nobody waits long for it."""
_RAW = {"synchronize_session": False}


async def uninstalled(session: AsyncSession, before: datetime) -> int:
    """Erase all of some accounts that removed the App before then; how many there were."""
    gone = select(Installation.id).where(Installation.deleted_at < before)
    ids = await _some(session, gone.order_by(Installation.id))
    for installation_id in ids:
        await _erase_repositories(
            session,
            select(Repository.id).where(Repository.installation_id == installation_id),
        )
        await session.execute(
            delete(Delivery).where(Delivery.installation_id == installation_id),
            execution_options=_RAW,
        )
        await session.execute(
            delete(Installation).where(Installation.id == installation_id),
            execution_options=_RAW,
        )
    return len(ids)


async def removed_repositories(session: AsyncSession, before: datetime) -> int:
    """Erase all of some repositories that the App lost before then; how many there were."""
    gone = select(Repository.id).where(Repository.removed_at < before)
    return await _erase_repositories(session, gone.order_by(Repository.id).limit(AT_ONCE))


async def old_pull_requests(session: AsyncSession, before: datetime) -> int:
    """Erase some closed pull requests on which nothing happened since then; how many.

    A worker that died leaves its lease behind where nothing is due any more.
    """
    ids = await _some(
        session,
        select(PullRequest.id)
        .where(
            PullRequest.state.in_((PullRequestState.CLOSED, PullRequestState.MERGED)),
            PullRequest.updated_at < before,
            PullRequest.due_at.is_(None),
            or_(PullRequest.leased_until.is_(None), PullRequest.leased_until < before),
        )
        .order_by(PullRequest.updated_at),
    )
    await session.execute(
        delete(PullRequest).where(PullRequest.id.in_(ids)), execution_options=_RAW
    )
    return len(ids)


async def old_audit(session: AsyncSession, before: datetime) -> int:
    """Erase some entries of the audit from before then, the oldest first; how many."""
    oldest = select(AuditEntry.id, AuditEntry.at).order_by(AuditEntry.id).limit(AT_ONCE).subquery()
    ids = list(await session.scalars(select(oldest.c.id).where(oldest.c.at < before)))
    await session.execute(delete(AuditEntry).where(AuditEntry.id.in_(ids)), execution_options=_RAW)
    return len(ids)


async def _erase_repositories(session: AsyncSession, which: Select[int]) -> int:
    ids = list(await session.scalars(which))
    if ids:
        await session.execute(
            delete(Recovery).where(Recovery.repository_id.in_(ids)), execution_options=_RAW
        )
        for table in (Tally, AuditEntry):
            await session.execute(
                delete(table).where(table.repository_id.in_(ids)), execution_options=_RAW
            )
        accounts = select(Repository.installation_id).where(Repository.id.in_(ids))
        await session.execute(
            delete(Delivery).where(
                Delivery.installation_id.in_(accounts), Delivery.repository_id.in_(ids)
            ),
            execution_options=_RAW,
        )
        await session.execute(
            delete(Repository).where(Repository.id.in_(ids)), execution_options=_RAW
        )
    return len(ids)


async def _some(session: AsyncSession, which: Select[int]) -> list[int]:
    return list(await session.scalars(which.limit(AT_ONCE)))
