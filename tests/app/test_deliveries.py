import asyncio
from datetime import timedelta

import pytest

from app.db import deliveries
from app.db.deliveries import Acceptance, Arrival
from app.db.engine import Database
from app.models import DeliveryState
from tests.app.rows import NOON

LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def an_arrival(guid: str = "g-1") -> Arrival:
    return Arrival(guid, "pull_request", "opened", 7, 70, b'{"action": "opened"}')


async def accept(database: Database, guid: str = "g-1", after: timedelta = timedelta()):
    async with database.write() as session:
        return await deliveries.accept(session, an_arrival(guid), NOON + after)


async def claim(
    database: Database, owner: str, after: timedelta = timedelta(), limit: int = 10
) -> list[str]:
    async with database.write() as session:
        claimed = await deliveries.claim_due(
            session, owner, NOON + after, lease=LEASE, max_attempts=3, limit=limit
        )
        return [delivery.guid for delivery in claimed]


async def test_a_delivery_is_new_once_and_due_again_until_it_is_done(database: Database):
    answers = [await accept(database), await accept(database, after=SECOND)]
    await claim(database, "w", SECOND)
    async with database.write() as session:
        assert await deliveries.finish(session, "g-1", "w", NOON + SECOND)
    answers.append(await accept(database, after=2 * SECOND))

    assert answers == [Acceptance.NEW, Acceptance.AGAIN, Acceptance.DUPLICATE]
    assert await claim(database, "w2", LEASE * 3) == []


@pytest.mark.parametrize(
    ("state", "answer"),
    [(DeliveryState.DONE, Acceptance.DUPLICATE), (DeliveryState.IGNORED, Acceptance.DUPLICATE)],
)
async def test_a_final_state_makes_a_redelivery_a_duplicate(
    database: Database, state: DeliveryState, answer: Acceptance
):
    await accept(database)
    await claim(database, "w")
    async with database.write() as session:
        await deliveries.finish(session, "g-1", "w", NOON, state=state)

    assert await accept(database) == answer


async def test_a_failed_delivery_comes_back_with_all_its_attempts(database: Database):
    await accept(database)
    await claim(database, "w")
    async with database.write() as session:
        assert await deliveries.fail(session, "g-1", "w", "broken", retry_at=None)
    assert await claim(database, "w2", LEASE * 2) == []

    assert await accept(database, after=SECOND) == Acceptance.AGAIN

    async with database.write() as session:
        (delivery,) = await deliveries.claim_due(
            session, "w3", NOON + SECOND, lease=LEASE, max_attempts=3
        )
    assert (delivery.attempts, delivery.redeliveries, delivery.error) == (1, 1, "broken")


async def test_a_lease_keeps_others_away_until_it_ends(database: Database):
    await accept(database)

    claims = [
        await claim(database, "first"),
        await claim(database, "second", LEASE - SECOND),
        await claim(database, "third", LEASE),
    ]

    assert claims == [["g-1"], [], ["g-1"]]
    async with database.write() as session:
        assert not await deliveries.finish(session, "g-1", "first", NOON)
        assert not await deliveries.renew(session, "g-1", "first", NOON, lease=LEASE)
        assert not await deliveries.fail(session, "g-1", "first", "late", retry_at=None)
        assert await deliveries.renew(session, "g-1", "third", NOON + LEASE, lease=LEASE)


async def test_a_redelivery_during_the_work_does_not_start_it_twice(database: Database):
    await accept(database)
    await claim(database, "w")

    assert await accept(database, after=SECOND) == Acceptance.AGAIN

    assert await claim(database, "other", SECOND) == []
    async with database.write() as session:
        assert await deliveries.finish(session, "g-1", "w", NOON + SECOND)


async def test_a_failure_waits_for_its_time(database: Database):
    await accept(database)
    await claim(database, "w")
    async with database.write() as session:
        await deliveries.fail(session, "g-1", "w", "502 " * 1000, retry_at=NOON + LEASE)

    assert await claim(database, "w2", LEASE - SECOND) == []
    assert await claim(database, "w3", LEASE) == ["g-1"]
    async with database.read() as session:
        delivery = await deliveries.get(session, "g-1")
    assert delivery is not None
    assert delivery.error == ("502 " * 1000)[:2000]


async def test_what_takes_its_workers_down_is_given_up(database: Database):
    await accept(database)
    for attempt in range(3):
        assert await claim(database, f"w{attempt}", LEASE * attempt) == ["g-1"]

    assert await claim(database, "w4", LEASE * 3) == []

    async with database.write() as session:
        now = NOON + LEASE * 3
        assert await deliveries.give_up_exhausted(session, now, max_attempts=3) == 1
        assert await deliveries.count_by_state(session) == {DeliveryState.FAILED: 1}


async def test_the_oldest_is_taken_first_and_only_as_many_as_asked_for(database: Database):
    for number in (3, 1, 2):
        await accept(database, f"g-{number}", number * SECOND)

    assert await claim(database, "w", LEASE, limit=2) == ["g-1", "g-2"]
    async with database.read() as session:
        assert await deliveries.oldest_waiting(session) == NOON + SECOND


async def test_two_claims_at_once_never_share_a_delivery(database: Database, database_url: str):
    for number in range(40):
        await accept(database, f"g-{number:02}")
    other = Database(database_url)

    both = await asyncio.gather(
        *(claim(base, f"w{turn}", limit=5) for turn in range(5) for base in (database, other))
    )

    await other.close()
    taken = [guid for claimed in both for guid in claimed]
    assert len(taken) == len(set(taken))
    # PostgreSQL skips what another transaction holds, so a claim may get less than it asked for.
    assert len(taken) > 20


async def test_only_old_and_finished_deliveries_are_forgotten(database: Database):
    for guid in ("done", "waiting"):
        await accept(database, guid)
    await accept(database, "new", LEASE)
    await claim(database, "w", LEASE)
    async with database.write() as session:
        await deliveries.finish(session, "done", "w", NOON)
        await deliveries.finish(session, "new", "w", NOON)
        await deliveries.forget_before(session, NOON + SECOND)

    async with database.read() as session:
        assert await deliveries.count_by_state(session) == {
            DeliveryState.DONE: 1,
            DeliveryState.RECEIVED: 1,
        }
