import asyncio
from dataclasses import replace
from datetime import timedelta

from app.db import pull_requests, repositories
from app.db.engine import Database
from app.models import PullRequest, PullRequestState
from tests.app.rows import NOON, PULL_REQUEST, add_pull_request

LEASE = timedelta(seconds=60)
QUIET = timedelta(seconds=10)
SECOND = timedelta(seconds=1)
OLD, NEW = "a" * 40, "c" * 40


async def a_pull_request(database: Database, number: int = 1) -> int:
    async with database.write() as session:
        return await add_pull_request(session, number)


async def want(
    database: Database,
    number: int,
    head_sha: str = OLD,
    after: timedelta = timedelta(),
    *,
    full: bool = False,
    force: bool = False,
) -> int | None:
    async with database.write() as session:
        return await pull_requests.want(
            session,
            number,
            head_sha=head_sha,
            reason="push",
            now=NOON + after,
            full=full,
            force=force,
        )


async def claim(
    database: Database, owner: str, after: timedelta = timedelta(), limit: int = 10
) -> list[PullRequest]:
    async with database.write() as session:
        return await pull_requests.claim_due(
            session, owner, NOON + after, lease=LEASE, quiet=QUIET, max_attempts=3, limit=limit
        )


async def read(database: Database, number: int) -> PullRequest:
    async with database.read() as session:
        found = await pull_requests.get(session, number)
        assert found is not None
        return found


async def finish(database: Database, number: int, owner: str, generation: int) -> bool:
    async with database.write() as session:
        return await pull_requests.finish(
            session, number, owner, generation, head_sha=OLD, merge_base="b" * 40
        )


async def test_facts_are_updated_but_never_by_older_ones(database: Database):
    first = await a_pull_request(database)
    newer = replace(PULL_REQUEST, title="Newer", updated_at=NOON + SECOND)
    older = replace(PULL_REQUEST, title="Older", state=PullRequestState.CLOSED)
    async with database.write() as session:
        again = await pull_requests.upsert(session, newer)
        late = await pull_requests.upsert(session, older)

    assert (again, late) == (first, first)
    known = await read(database, first)
    assert (known.title, known.state) == ("Newer", PullRequestState.OPEN)


async def test_text_that_no_database_can_hold_is_stored_with_a_replacement(database: Database):
    async with database.write() as session:
        number = await add_pull_request(session)
        facts = replace(PULL_REQUEST, title="nul \x00 half \udcff", updated_at=NOON + SECOND)
        await pull_requests.upsert(session, facts)

    assert (await read(database, number)).title == "nul \ufffd half \ufffd\ufffd\ufffd"


async def test_the_first_event_of_a_quiet_pull_request_is_due_at_once(database: Database):
    number = await a_pull_request(database)

    assert await want(database, number) == 1

    assert (await read(database, number)).due_at == NOON


async def test_wanting_the_same_head_again_changes_nothing_unless_forced(database: Database):
    number = await a_pull_request(database)

    generations = [
        await want(database, number),
        await want(database, number),
        await want(database, number, force=True),
        await want(database, number, NEW),
    ]

    assert generations == [1, None, 2, 3]


async def test_a_push_after_a_start_waits_for_the_end_of_the_quiet_time(database: Database):
    number = await a_pull_request(database)
    await want(database, number)
    await claim(database, "w")

    await want(database, number, NEW, SECOND)

    assert (await read(database, number)).due_at == NOON + QUIET
    await finish(database, number, "w", 1)
    assert await claim(database, "early", QUIET - SECOND) == []
    (claimed,) = await claim(database, "w2", QUIET)
    assert (claimed.generation, claimed.wanted_head_sha) == (2, NEW)


async def test_a_push_during_a_review_makes_it_stand_down_and_is_not_lost(database: Database):
    number = await a_pull_request(database)
    await want(database, number)
    await claim(database, "w")

    async with database.write() as session:
        before = await pull_requests.is_current(session, number, "w", 1)
    await want(database, number, NEW, SECOND)
    async with database.write() as session:
        after = await pull_requests.is_current(session, number, "w", 1)
        assert await pull_requests.release(session, number, "w")

    assert (before, after) == (True, False)
    (claimed,) = await claim(database, "w2", QUIET)
    assert (claimed.generation, claimed.attempts) == (2, 1)


async def test_a_finished_review_is_recorded_and_nothing_is_due(database: Database):
    number = await a_pull_request(database)
    await want(database, number)
    await claim(database, "w")

    assert await finish(database, number, "w", 1)

    known = await read(database, number)
    assert (known.due_at, known.lease_owner, known.leased_until) == (None, None, None)
    assert (known.reviewed_head_sha, known.reviewed_generation) == (OLD, 1)


async def test_who_lost_the_lease_records_nothing(database: Database):
    number = await a_pull_request(database)
    await want(database, number)
    await claim(database, "first")
    await claim(database, "second", LEASE)

    assert not await finish(database, number, "first", 1)

    async with database.write() as session:
        assert not await pull_requests.renew(session, number, "first", NOON, lease=LEASE)
        assert not await pull_requests.settle(session, number, "first", 1)
        assert await pull_requests.renew(session, number, "second", NOON + LEASE, lease=LEASE)
    assert (await read(database, number)).reviewed_head_sha is None


async def test_full_stays_wanted_across_a_push_and_ends_with_the_review(database: Database):
    number = await a_pull_request(database)
    await want(database, number, full=True, force=True)
    await want(database, number, NEW)
    pending = (await read(database, number)).wanted_full
    await claim(database, "w")
    await finish(database, number, "w", 2)
    await want(database, number, OLD, LEASE)

    assert (pending, (await read(database, number)).wanted_full) == (True, False)


async def test_a_failure_is_due_later_and_a_newer_wish_keeps_its_own_time(database: Database):
    number, other = await a_pull_request(database), await a_pull_request(database, 2)
    for which in (number, other):
        await want(database, which)
    await claim(database, "w")
    await want(database, other, NEW, SECOND)

    async with database.write() as session:
        for which in (number, other):
            assert await pull_requests.fail(
                session, which, "w", 1, "GitHub: 502", retry_at=NOON + LEASE
            )

    failed, newer = await read(database, number), await read(database, other)
    assert (failed.due_at, failed.last_error) == (NOON + LEASE, "GitHub: 502")
    assert newer.due_at == NOON + QUIET


async def test_a_failure_for_good_is_not_due_again_until_something_new_is_wanted(
    database: Database,
):
    number = await a_pull_request(database)
    await want(database, number)
    await claim(database, "w")
    async with database.write() as session:
        await pull_requests.fail(session, number, "w", 1, "gone", retry_at=None)

    assert await claim(database, "w2", LEASE * 2) == []
    assert await want(database, number, NEW, LEASE * 2) == 2
    assert len(await claim(database, "w3", LEASE * 2)) == 1


async def test_what_takes_its_workers_down_is_given_up(database: Database):
    number = await a_pull_request(database)
    await want(database, number)
    for attempt in range(3):
        assert len(await claim(database, f"w{attempt}", LEASE * attempt)) == 1

    assert await claim(database, "w4", LEASE * 3) == []
    async with database.write() as session:
        now = NOON + LEASE * 3
        assert await pull_requests.give_up_exhausted(session, now, max_attempts=3) == 1
    assert (await read(database, number)).due_at is None


async def test_a_parked_pull_request_wants_nothing_and_can_be_wanted_again(database: Database):
    number = await a_pull_request(database)
    await want(database, number)
    await claim(database, "w")

    async with database.write() as session:
        await pull_requests.park(session, number)
        current = await pull_requests.is_current(session, number, "w", 1)
        await pull_requests.release(session, number, "w")

    assert not current
    assert await claim(database, "w2", LEASE) == []
    assert await want(database, number, after=LEASE) == 3


async def test_a_removed_repository_has_nothing_due(database: Database):
    number = await a_pull_request(database)
    await want(database, number)

    async with database.write() as session:
        await repositories.remove_all_of(session, 7, NOON)

    assert await claim(database, "w", LEASE) == []
    async with database.read() as session:
        row = await pull_requests.get(session, number)
    assert row is not None
    assert row.due_at is None


async def test_the_longest_due_is_taken_first(database: Database):
    numbers = [await a_pull_request(database, number) for number in (1, 2, 3)]
    for delay, number in enumerate(reversed(numbers)):
        await want(database, number, after=delay * SECOND)

    claimed = await claim(database, "w", LEASE, limit=2)

    assert [row.number for row in claimed] == [3, 2]


async def test_two_claims_at_once_never_share_a_pull_request(database: Database, database_url: str):
    for number in range(1, 13):
        await want(database, await a_pull_request(database, number))
    other = Database(database_url)

    both = await asyncio.gather(
        *(claim(base, f"w{turn}", limit=2) for turn in range(4) for base in (database, other))
    )

    await other.close()
    taken = [row.number for rows in both for row in rows]
    assert len(taken) == len(set(taken)) > 5


async def test_writers_of_two_processes_wait_for_each_other(database: Database, database_url: str):
    number = await a_pull_request(database)
    other = Database(database_url)

    async def bump(base: Database) -> None:
        async with base.write() as session:
            assert await pull_requests.get(session, number) is not None
            await pull_requests.want(
                session, number, head_sha=OLD, reason="test", now=NOON, force=True
            )

    await asyncio.gather(*(bump(base) for _ in range(10) for base in (database, other)))

    await other.close()
    assert (await read(database, number)).generation == 20
