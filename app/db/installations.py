"""Which accounts and repositories the App was given. No function commits.

GitHub's events may arrive in any order, so a repository or a pull request may be heard of before
its installation: whoever needs a row ensures it.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import Installation

_RAW = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """What GitHub says of an installation; permission name to `read` or `write`."""

    id: int
    account_login: str
    account_type: str
    permissions: dict[str, str] = field(default_factory=dict[str, str])


async def upsert(session: AsyncSession, facts: InstallationFacts) -> None:
    """Remember an installation as it is now; one that was deleted is there again."""
    statement = insert_into(session, Installation).values(**asdict(facts))
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Installation.id],
            set_={
                "account_login": statement.excluded.account_login,
                "account_type": statement.excluded.account_type,
                "permissions": statement.excluded.permissions,
                "deleted_at": None,
            },
        )
    )


async def ensure(session: AsyncSession, facts: InstallationFacts) -> None:
    """Have a row for this installation; one that is known stays as it is."""
    statement = insert_into(session, Installation).values(**asdict(facts))
    await session.execute(statement.on_conflict_do_nothing(index_elements=[Installation.id]))


async def suspend(session: AsyncSession, installation_id: int, now: datetime) -> None:
    """Remember that GitHub refuses us tokens for it."""
    await _set(session, installation_id, suspended_at=now)


async def unsuspend(session: AsyncSession, installation_id: int) -> None:
    """Remember that tokens are given again."""
    await _set(session, installation_id, suspended_at=None)


async def delete(session: AsyncSession, installation_id: int, now: datetime) -> None:
    """Remember since when the App is removed from the account; see `app.db.erasing`."""
    await _set(session, installation_id, deleted_at=now)


async def suspended(session: AsyncSession) -> list[int]:
    """The installations that GitHub refuses us tokens for, as far as we know."""
    found = await session.scalars(
        select(Installation.id)
        .where(Installation.suspended_at.is_not(None), Installation.deleted_at.is_(None))
        .order_by(Installation.id)
    )
    return list(found)


async def get(session: AsyncSession, installation_id: int) -> Installation | None:
    """The installation with GitHub's id, read anew."""
    return await session.get(Installation, installation_id, populate_existing=True)


async def _set(session: AsyncSession, installation_id: int, **values: datetime | None) -> None:
    await session.execute(
        update(Installation).where(Installation.id == installation_id).values(**values),
        execution_options=_RAW,
    )
