"""The repositories the App was given, by GitHub's id: owner and name may change any time.

No function commits.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import Installation, PullRequest, Repository

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
    """Remember a repository as it is now; one that was removed is there again.

    This is also how a rename or a transfer to another installation is recorded.
    """
    values = asdict(facts)
    statement = insert_into(session, Repository).values(**values)
    changes = {name: statement.excluded[name] for name in values if name != "id"}
    if not facts.default_branch:
        del changes["default_branch"]
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Repository.id], set_={**changes, "removed_at": None}
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


async def remove(session: AsyncSession, repository_ids: Collection[int], now: datetime) -> None:
    """Remember that the App no longer has these; nothing is due there and history stays."""
    await session.execute(
        update(Repository).where(Repository.id.in_(repository_ids)).values(removed_at=now),
        execution_options=_RAW,
    )
    await _want_nothing(session, repository_ids)


async def remove_all_of(session: AsyncSession, installation_id: int, now: datetime) -> None:
    """Remember that all repositories of an installation are gone with it."""
    ids = await session.scalars(
        select(Repository.id).where(Repository.installation_id == installation_id)
    )
    await remove(session, ids.all(), now)


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
