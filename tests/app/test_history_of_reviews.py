from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import commands, findings, installations, repositories, reviews
from app.db.commands import CommandFacts
from app.db.engine import Database
from app.db.reviews import ReviewOutcome
from app.models import CommandState, FindingPlace, FindingState, ReviewState
from rules.core.findings import Finding, Suggestion
from rules.core.rule import Severity, Step
from tests.app.rows import (
    INSTALLATION,
    NOON,
    REPOSITORY,
    add_pull_request,
    add_repository,
    add_review,
)

LATER = NOON + timedelta(hours=1)
FINDING = Finding(
    rule="SEC101",
    name="sql-injection",
    severity=Severity.CRITICAL,
    group="security",
    path="shop/db.py",
    line=3,
    end_line=4,
    column=5,
    message="SQL is built from `name`.",
    fingerprint="f-1",
    trace=(Step("shop/api.py", 9, "`name` comes from the request"),),
    fix=Suggestion(3, 4, "    execute(query, [name])\n"),
)


async def record(database: Database, pull_request_id: int, review_id: int, *found: Finding) -> None:
    async with database.write() as session:
        await findings.record_open(
            session,
            pull_request_id=pull_request_id,
            review_id=review_id,
            findings=found,
            places={"f-1": FindingPlace.INLINE},
            now=NOON,
        )


async def states(database: Database, pull_request_id: int) -> dict[str, FindingState]:
    async with database.read() as session:
        rows = await findings.of_pull_request(session, pull_request_id)
        return {row.fingerprint: row.state for row in rows}


async def fix(database: Database, pull_request_id: int, review_id: int) -> list[str]:
    async with database.write() as session:
        fixed = await findings.mark_fixed(
            session,
            pull_request_id=pull_request_id,
            fingerprints=["f-1", "unknown"],
            head_sha="c" * 40,
            review_id=review_id,
            now=LATER,
        )
        return [row.fingerprint for row in fixed]


async def two_reviews(database: Database) -> tuple[int, int, int]:
    async with database.write() as session:
        number = await add_pull_request(session)
        return number, await add_review(session, number, 1), await add_review(session, number, 2)


async def test_a_finding_is_open_then_fixed_then_open_again(database: Database):
    number, first, second = await two_reviews(database)

    await record(database, number, first, FINDING, replace(FINDING, fingerprint="f-2"))
    fates = [await states(database, number)]
    changed = [await fix(database, number, second), await fix(database, number, second)]
    fates.append(await states(database, number))
    await record(database, number, second, FINDING)
    fates.append(await states(database, number))

    assert changed == [["f-1"], []]
    assert [fate["f-1"] for fate in fates] == ["open", "fixed", "open"]
    assert {fate["f-2"] for fate in fates} == {"open"}


async def test_a_finding_is_stored_whole_and_keeps_its_first_review(database: Database):
    number, first, second = await two_reviews(database)

    await record(database, number, first, FINDING)
    async with database.write() as session:
        await findings.set_comments(session, number, {"f-1": 900})
    await record(database, number, second, replace(FINDING, line=8, end_line=9, fix=None))

    async with database.read() as session:
        (row,) = await findings.of_pull_request(session, number, [FindingState.OPEN])
    assert (row.first_review_id, row.last_review_id, row.comment_id) == (first, second, 900)
    assert (row.line, row.end_line, row.fix, row.place) == (8, 9, None, FindingPlace.INLINE)
    assert row.trace == [
        {"path": "shop/api.py", "line": 9, "message": "`name` comes from the request"}
    ]


async def test_hundreds_of_findings_are_stored_in_one_call(database: Database):
    number, first, _ = await two_reviews(database)

    many = [replace(FINDING, fingerprint=f"f-{count}") for count in range(450)]
    await record(database, number, first, *many, many[0])

    assert len(await states(database, number)) == 450


async def test_a_second_attempt_takes_up_the_same_review(database: Database):
    async with database.write() as session:
        number = await add_pull_request(session)
        first = await add_review(session, number)
        await reviews.progress(session, first, check_run_id=55)
        await reviews.finish(session, first, ReviewState.FAILED, NOON)
        again = await add_review(session, number)
        found = await reviews.get(session, again)

    assert found is not None
    assert again == first
    assert (found.state, found.check_run_id, found.finished_at) == ("running", 55, None)


async def test_a_finished_review_is_the_latest(database: Database):
    number, _, second = await two_reviews(database)
    outcome = ReviewOutcome("findings", {"critical": 1}, {"snapshot": 0.2}, [], ["A note."])

    async with database.write() as session:
        await reviews.finish(session, second, ReviewState.DONE, LATER, outcome)

    async with database.read() as session:
        latest = await reviews.latest(session, number)
    assert latest is not None
    assert (latest.id, latest.verdict, latest.timings) == (second, "findings", {"snapshot": 0.2})


async def test_a_command_is_taken_up_once(database: Database):
    async with database.write() as session:
        number = await add_pull_request(session)
        facts = CommandFacts(number, 31, "recheck", "full", "ann")
        taken = [await commands.record(session, facts, NOON) for _ in range(2)]
        waiting = await commands.unfinished(session, number)
        await commands.finish(session, 31, CommandState.DONE, LATER)
        done = await commands.find(session, 31)

    assert taken == [1, None]
    assert [command.comment_id for command in waiting] == [31]
    assert done is not None
    assert (done.state, done.done_at) == (CommandState.DONE, LATER)


async def is_active(session: AsyncSession) -> bool:
    found = await installations.get(session, 7)
    return found is not None and found.suspended_at is None and found.deleted_at is None


async def test_an_installation_is_suspended_deleted_and_back_again(database: Database):
    active: list[bool] = []
    async with database.write() as session:
        active.append(await is_active(session))
        await installations.ensure(session, INSTALLATION)
        await installations.ensure(session, replace(INSTALLATION, account_login="other"))
        active.append(await is_active(session))
        await installations.suspend(session, 7, NOON)
        active.append(await is_active(session))
        await installations.unsuspend(session, 7)
        active.append(await is_active(session))
        await installations.delete(session, 7, NOON)
        active.append(await is_active(session))
        await installations.upsert(session, INSTALLATION)
        active.append(await is_active(session))
        known = await installations.get(session, 7)

    assert active == [False, True, False, True, False, True]
    assert known is not None
    assert (known.account_login, known.permissions) == ("octo", {"checks": "write"})


async def test_a_delivery_that_comes_late_brings_no_removed_repository_back(database: Database):
    removed: list[datetime | None] = []
    async with database.write() as session:
        await add_repository(session)
        await repositories.remove(session, 7, [70], NOON)
        for minutes in (1, 20):
            later = NOON + timedelta(minutes=minutes)
            await repositories.heard_of(session, REPOSITORY, later)
            found = await repositories.get(session, 70)
            assert found is not None
            removed.append(found.removed_at)

    assert removed == [NOON, None]


async def test_a_repository_is_renamed_transferred_removed_and_back_again(database: Database):
    async with database.write() as session:
        await add_repository(session)
        await installations.upsert(session, replace(INSTALLATION, id=8, account_login="new"))
        await repositories.learn(session, 70, "octo", "store", archived=False)
        renamed = await repositories.find(session, "OCTO", "Store")
        moved = replace(REPOSITORY, installation_id=8, owner="new", default_branch="")
        await repositories.upsert(session, moved)
        await repositories.remove(session, 7, [70], NOON)
        kept = await repositories.get(session, 70)
        assert kept is not None
        stays = kept.removed_at
        await repositories.remove(session, 8, [70], NOON)
        removed = await repositories.get(session, 70)
        assert removed is not None
        gone = removed.removed_at
        await repositories.upsert(session, moved)
        back = await repositories.get(session, 70)

    assert renamed is not None
    assert back is not None
    assert (stays, gone) == (None, NOON)
    assert (back.installation_id, back.owner, back.name) == (8, "new", "shop")
    assert (back.default_branch, back.removed_at) == ("main", None)
