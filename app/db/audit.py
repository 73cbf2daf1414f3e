"""What people did: commands, dismissals, set-up, sign-ins. No function commits."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.keyset import below
from app.models import AuditEntry, Repository

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did, in one word and in detail, and where."""

    actor: str
    action: str
    detail: str = ""
    repository_id: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry with the repository that it is about, if that is known."""

    entry: AuditEntry
    repository: Repository | None


async def record(session: AsyncSession, deed: Deed, now: datetime) -> None:
    """Write it down for good."""
    values = asdict(deed) | {"actor": deed.actor[:128], "detail": deed.detail[:LONGEST]}
    await session.execute(insert(AuditEntry).values(**values, at=now))


async def page(
    session: AsyncSession,
    *,
    action: str = "",
    actor: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[AuditLine]:
    """The newest entries below an id, of one kind or one person."""
    query = select(AuditEntry, Repository).outerjoin(
        Repository, Repository.id == AuditEntry.repository_id
    )
    if action:
        query = query.where(AuditEntry.action == action)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    query = query.where(below(AuditEntry.id, before))
    rows = await session.execute(query.order_by(AuditEntry.id.desc()).limit(limit))
    return [AuditLine(*row) for row in rows]
