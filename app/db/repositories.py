"""The repositories the App was given, by GitHub's id: owner and name may change any time.

No function commits.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.db.types import UtcDateTime
from app.models import Installation, PullRequest, Repository

STRAGGLING = timedelta(minutes=10)
"""How long after a removal a delivery may arrive that was sent before it."""
_RAW = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """What GitHub says of a repository."""

    id: int
    installation_id: int
    owner: str
    name: str
    private: bool
    default_branch: str = ""
    """Empty where a payload does not say it; a known one is kept then."""
    archived: bool = False


async def upsert(session: AsyncSession, facts: RepositoryFacts) -> None:
    """Remember a repository that the App was given; one that was removed is there again."""
    await _upsert(session, facts, removed_at=None)


async def heard_of(session: AsyncSession, facts: RepositoryFacts, now: datetime) -> None:
    """Remember a repository as an event in it tells; a rename or a transfer is recorded so, too.

    One that was removed just now stays so: GitHub's deliveries come in any order.
    """
    late = Repository.removed_at > now - STRAGGLING
    await _upsert(
        session,
        facts,
        removed_at=case((late, Repository.removed_at), else_=literal(None, UtcDateTime)),
    )


async def _upsert(
    session: AsyncSession,
    facts: RepositoryFacts,
    *,
    removed_at: ColumnElement[datetime | None] | None,
) -> None:
    values = asdict(facts)
    statement = insert_into(session, Repository).values(**values)
    changes = {name: statement.excluded[name] for name in values if name != "id"}
    if not facts.default_branch:
        del changes["default_branch"]
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Repository.id], set_={**changes, "removed_at": removed_at}
        )
    )


async def learn(
    session: AsyncSession, repository_id: int, owner: str, name: str, *, archived: bool
) -> None:
    """Remember what the API tells by the way: no event may have told of a new name."""
    await session.execute(
        update(Repository)
        .where(Repository.id == repository_id)
        .values(owner=owner, name=name, archived=archived),
        execution_options=_RAW,
    )


async def archive(session: AsyncSession, repository_id: int) -> None:
    """Remember that GitHub takes no writes for it; whatever event comes next says if it does again."""
    await session.execute(
        update(Repository).where(Repository.id == repository_id).values(archived=True),
        execution_options=_RAW,
    )


async def remove(
    session: AsyncSession, installation_id: int, repository_ids: Collection[int], now: datetime
) -> None:
    """Remember that an installation no longer has these; nothing is due there and history stays.

    What was transferred to another installation is had there.
    """
    gone = await session.scalars(
        update(Repository)
        .where(Repository.id.in_(repository_ids), Repository.installation_id == installation_id)
        .values(removed_at=now)
        .returning(Repository.id),
        execution_options=_RAW,
    )
    await _want_nothing(session, gone.all())


async def remove_all_of(session: AsyncSession, installation_id: int, now: datetime) -> None:
    """Remember that all repositories of an installation are gone with it."""
    ids = await session.scalars(
        select(Repository.id).where(Repository.installation_id == installation_id)
    )
    await remove(session, installation_id, ids.all(), now)


async def get(session: AsyncSession, repository_id: int) -> Repository | None:
    """The repository with GitHub's id, read anew."""
    return await session.get(Repository, repository_id, populate_existing=True)


async def find(session: AsyncSession, owner: str, name: str) -> Repository | None:
    """The repository of that name in any case; one that is still there before a removed one."""
    return await session.scalar(
        select(Repository)
        .where(
            func.lower(Repository.owner) == owner.lower(),
            func.lower(Repository.name) == name.lower(),
        )
        .order_by(Repository.removed_at.is_not(None), Repository.id.desc())
        .limit(1)
    )


async def reachable_ids(session: AsyncSession) -> frozenset[int]:
    """Every repository that the App has through an installation that is neither gone nor asleep."""
    found = await session.scalars(
        select(Repository.id)
        .join(Installation, Installation.id == Repository.installation_id)
        .where(
            Repository.removed_at.is_(None),
            Installation.suspended_at.is_(None),
            Installation.deleted_at.is_(None),
        )
    )
    return frozenset(found)


async def known_ids(session: AsyncSession, repository_ids: Collection[int]) -> frozenset[int]:
    """Those of the repositories that are remembered at all."""
    found = await session.scalars(select(Repository.id).where(Repository.id.in_(repository_ids)))
    return frozenset(found)


async def _want_nothing(session: AsyncSession, repository_ids: Collection[int]) -> None:
    await session.execute(
        update(PullRequest)
        .where(PullRequest.repository_id.in_(repository_ids))
        .values(
            generation=PullRequest.generation + 1,
            wanted_head_sha=None,
            wanted_reason=None,
            wanted_full=False,
            due_at=None,
        ),
        execution_options=_RAW,
    )
