"""What is erased goes whole, and nothing else goes with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from app.db import audit, deliveries, erasing, installations, pull_requests, repositories
from app.db.audit import Deed
from app.db.deliveries import Arrival
from app.models import (
    Base,
    Delivery,
    FindingRecord,
    Installation,
    PullRequest,
    PullRequestState,
    Repository,
    ReviewRecord,
)
from tests.app.rows import (
    INSTALLATION,
    NOON,
    PULL_REQUEST,
    REPOSITORY,
    add_pull_request,
    add_repository,
    add_review,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.db.engine import Database

DAY = timedelta(days=1)


async def count(session: AsyncSession, table: type[Base]) -> int:
    return await session.scalar(select(func.count()).select_from(table)) or 0


async def counts(database: Database) -> dict[str, int]:
    tables = (Installation, Repository, PullRequest, ReviewRecord, FindingRecord, Delivery)
    async with database.read() as session:
        return {table.__tablename__: await count(session, table) for table in tables}


async def fill(session: AsyncSession) -> None:
    """One account with a reviewed pull request, and another beside it."""
    await add_review(session, await add_pull_request(session))
    for guid, installation, repository in (("ours", 7, 70), ("other", 8, 80)):
        arrival = Arrival(guid, "pull_request", "opened", installation, repository, b"{}")
        await deliveries.accept(session, arrival, NOON)
    await session.execute(update(Delivery).values(due_at=None))
    await installations.upsert(session, replace(INSTALLATION, id=8, account_login="else"))
    await repositories.upsert(session, replace(REPOSITORY, id=80, installation_id=8, owner="else"))


async def test_all_of_an_account_that_left_is_erased_and_nothing_of_another(database: Database):
    async with database.write() as session:
        await fill(session)
        await installations.delete(session, 7, NOON)

    async with database.write() as session:
        assert await erasing.uninstalled(session, NOON - DAY) == 0
    async with database.write() as session:
        assert await erasing.uninstalled(session, NOON + DAY) == 1

    assert await counts(database) == {
        "installations": 1,
        "repositories": 1,
        "pull_requests": 0,
        "reviews": 0,
        "findings": 0,
        "deliveries": 1,
    }


async def test_an_account_that_came_back_keeps_its_history(database: Database):
    async with database.write() as session:
        await fill(session)
        await installations.delete(session, 7, NOON)
        await installations.upsert(session, replace(INSTALLATION, id=9))
        await repositories.upsert(session, replace(REPOSITORY, installation_id=9))

    async with database.write() as session:
        assert await erasing.uninstalled(session, NOON + DAY) == 1

    after = await counts(database)
    assert (after["installations"], after["pull_requests"], after["reviews"]) == (2, 1, 1)


async def test_a_repository_that_was_taken_from_us_is_erased(database: Database):
    async with database.write() as session:
        await fill(session)
        await repositories.remove(session, 7, [70], NOON)

    async with database.write() as session:
        assert await erasing.removed_repositories(session, NOON + DAY) == 1

    after = await counts(database)
    assert (after["installations"], after["repositories"], after["pull_requests"]) == (2, 1, 0)
    assert after["deliveries"] == 1


async def test_the_audit_grows_old_too(database: Database):
    async with database.write() as session:
        for days in range(3):
            await audit.record(session, Deed("ann", "sign-in"), NOON + days * DAY)

    async with database.write() as session:
        assert await erasing.old_audit(session, NOON + 2 * DAY) == 2

    async with database.read() as session:
        assert [line.entry.at for line in await audit.page(session)] == [NOON + 2 * DAY]


async def test_only_closed_pull_requests_grow_old(database: Database):
    states = [PullRequestState.OPEN, PullRequestState.CLOSED, PullRequestState.MERGED]
    async with database.write() as session:
        await add_repository(session)
        for number, state in enumerate(states, 1):
            facts = replace(PULL_REQUEST, number=number, state=state)
            await add_review(session, await pull_requests.upsert(session, facts))
        recent = replace(
            PULL_REQUEST, number=9, state=PullRequestState.MERGED, updated_at=NOON + 2 * DAY
        )
        await pull_requests.upsert(session, recent)

    async with database.write() as session:
        assert await erasing.old_pull_requests(session, NOON + DAY) == 2

    async with database.read() as session:
        left = await session.scalars(select(PullRequest.number).order_by(PullRequest.number))
        assert list(left) == [1, 9]
        assert await count(session, ReviewRecord) == 1


async def test_a_worker_that_died_keeps_nothing_from_growing_old(database: Database):
    closed = replace(PULL_REQUEST, state=PullRequestState.CLOSED)
    async with database.write() as session:
        await add_repository(session)
        for number, until in ((1, NOON), (2, NOON + 2 * DAY)):
            row = await pull_requests.upsert(session, replace(closed, number=number))
            held = {"lease_owner": "dead", "leased_until": until}
            await session.execute(update(PullRequest).where(PullRequest.id == row).values(**held))

    async with database.write() as session:
        assert await erasing.old_pull_requests(session, NOON + DAY) == 1

    async with database.read() as session:
        assert list(await session.scalars(select(PullRequest.number))) == [2]
