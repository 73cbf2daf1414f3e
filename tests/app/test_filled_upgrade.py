"""A database of the first version, with a past in it, brought up to date."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from app.config import Settings
from app.db import findings, history, reviews, schema, tallies
from app.db.engine import Database
from app.db.tallies import EVERYWHERE, Day
from app.models import FindingRecord, ReviewRecord
from tests.app.test_schema import bare

__all__ = ["bare"]

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATE = datetime(2026, 3, 1, 23, 59, 59, 600_000, tzinfo=UTC)
"""Of another day in every zone east of Greenwich, and when the second is rounded."""
SHOP, TILL = 70, 71


def fill(connection: sa.Connection) -> None:
    """Two repositories with a pull request each: what a worker of that time recorded."""
    past = sa.MetaData()
    past.reflect(connection)
    for table, rows in (
        ("installations", [_installation()]),
        ("repositories", [_repository(SHOP, "shop"), _repository(TILL, "till")]),
        ("pull_requests", [_pull(SHOP), _pull(TILL)]),
        (
            "reviews",
            [
                _review(1, 1, NOON, "done"),
                _review(1, 2, LATE, "done"),
                _review(2, 1, LATE, "done"),
                _review(2, 2, None, "running"),
                _review(1, 3, LATE, "failed"),
            ],
        ),
        (
            "findings",
            [
                _finding(1, 1, 1, "security", "open", NOON, NOON),
                _finding(2, 1, 1, "security", "fixed", NOON, LATE),
                _finding(3, 1, 2, "sqlite", "fixed", LATE, LATE + timedelta(days=1, seconds=0.6)),
                _finding(4, 2, 3, "security", "dismissed", LATE, NOON + timedelta(days=5)),
            ],
        ),
    ):
        connection.execute(past.tables[table].insert(), rows)


def _installation() -> dict[str, object]:
    return {"id": 7, "account_login": "octo", "account_type": "User", "permissions": {}}


def _repository(number: int, name: str) -> dict[str, object]:
    return {
        "id": number, "installation_id": 7, "owner": "octo", "name": name, "private": True,
        "default_branch": "main", "archived": False,
    }  # fmt: skip


def _pull(repository_id: int) -> dict[str, object]:
    return {
        "repository_id": repository_id, "number": 1, "state": "open",
        "draft": False, "title": "Add a price", "head_sha": "a" * 40, "base_ref": "main",
        "base_sha": "b" * 40, "updated_at": NOON, "wanted_full": False, "generation": 3,
        "attempts": 0, "paused": False,
    }  # fmt: skip


def _review(pull: int, generation: int, finished: datetime | None, state: str) -> dict[str, object]:
    return {
        "pull_request_id": pull, "generation": generation, "head_sha": "a" * 40,
        "state": state, "whole_files": False, "summary": {"critical": 1}, "timings": {},
        "skipped": [], "notes": [], "started_at": NOON, "finished_at": finished,
        "engine_version": "1",
    }  # fmt: skip


def _finding(
    number: int, pull: int, review: int, group: str, state: str, made: datetime, changed: datetime
) -> dict[str, object]:
    return {
        "pull_request_id": pull, "fingerprint": f"f-{number}", "rule": "SEC101",
        "name": "sql-injection", "severity": "critical", "group": group, "path": "db.py",
        "line": 3, "end_line": 3, "message": "SQL is built from `name`.", "confidence": "high",
        "trace": [], "place": "inline", "state": state, "first_review_id": review,
        "last_review_id": review, "created_at": made, "updated_at": changed,
    }  # fmt: skip


async def _alembic(settings: Settings, step: Callable[[Config, str], None], revision: str) -> None:
    database = Database(settings.database_url)

    def run(connection: sa.Connection) -> None:
        config = Config(schema.ALEMBIC_INI)
        config.attributes["connection"] = connection
        step(config, revision)

    async with database.exclusive() as connection:
        await connection.run_sync(run)
    await database.close()


@pytest.fixture
async def old(bare: Settings) -> Settings:
    """A filled database that the first version made, on a server that stands in Tokyo."""
    settings = bare.model_copy(update={"database_url": _in_tokyo(bare.database_url)})
    await _alembic(settings, command.upgrade, "0001")
    database = Database(settings.database_url)
    async with database.exclusive() as connection:
        await connection.run_sync(fill)
    await database.close()
    return settings


def _in_tokyo(address: str) -> str:
    url = sa.make_url(address)
    if url.get_backend_name() == "sqlite":
        return address
    options = f"{url.query['options']} -cTimeZone=Asia/Tokyo"
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


async def test_what_was_found_and_fixed_before_is_in_the_tally(old: Settings):
    await schema.upgrade(old)
    database = Database(old.database_url)
    async with database.read() as session:
        days = {
            repository: await tallies.since(session, NOON, [repository])
            for repository in (SHOP, TILL, EVERYWHERE)
        }
    await database.close()

    assert {home: sorted(one, key=lambda day: (day.day, day.group)) for home, one in days.items()} == {
        SHOP: [
            Day("2026-03-01", "", 0, 0, 0, 2),
            Day("2026-03-01", "security", 2, 1, 43_200, 0),
            Day("2026-03-01", "sqlite", 1, 0, 0, 0),
            Day("2026-03-03", "sqlite", 0, 1, 86_401, 0),
        ],
        TILL: [
            Day("2026-03-01", "", 0, 0, 0, 1),
            Day("2026-03-01", "security", 1, 0, 0, 0),
        ],
        EVERYWHERE: [
            Day("2026-03-01", "", 0, 0, 0, 3),
            Day("2026-03-01", "security", 3, 1, 43_200, 0),
            Day("2026-03-01", "sqlite", 1, 0, 0, 0),
            Day("2026-03-03", "sqlite", 0, 1, 86_401, 0),
        ],
    }  # fmt: skip


async def test_old_reviews_and_findings_know_their_repository(old: Settings):
    await schema.upgrade(old)
    database = Database(old.database_url)
    async with database.read() as session:
        found = [
            (await session.scalars(sa.select(table.repository_id).order_by(table.id))).all()
            for table in (ReviewRecord, FindingRecord)
        ]
        seen = await history.recent_reviews(session, [TILL])
    await database.close()

    assert found == [[SHOP, SHOP, TILL, TILL, SHOP], [SHOP, SHOP, SHOP, TILL]]
    assert [line.review.id for line in seen] == [4, 3]


async def test_a_review_after_the_upgrade_is_added_to_what_was_counted(old: Settings):
    await schema.upgrade(old)
    database = Database(old.database_url)
    async with database.write() as session:
        new = await reviews.start(
            session, pull_request_id=1, generation=9, head_sha="c" * 40, engine_version="2",
            now=NOON,
        )  # fmt: skip
        fixed = await findings.mark_fixed(
            session, pull_request_id=1, fingerprints=["f-1"], head_sha="c" * 40,
            review_id=new, now=NOON + timedelta(hours=1),
        )  # fmt: skip
        await tallies.count_review(session, SHOP, new, fixed, NOON + timedelta(hours=1))
        days = await tallies.since(session, NOON, [SHOP])
    await database.close()

    assert [day for day in days if day.group != "sqlite"] == [
        Day("2026-03-01", "", 0, 0, 0, 3),
        Day("2026-03-01", "security", 2, 2, 46_800, 0),
    ]


async def test_every_migration_of_a_filled_database_can_be_taken_back_and_done_again(old: Settings):
    await schema.upgrade(old)
    for number in range(int(schema.newest()) - 1, 0, -1):
        await _alembic(old, command.downgrade, f"{number:04}")
    await schema.upgrade(old)
    await schema.check(old)
    database = Database(old.database_url)
    async with database.read() as session:
        total = await tallies.since(session, NOON)
        kept = [
            await session.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (ReviewRecord, FindingRecord)
        ]
    await database.close()

    assert kept == [5, 4]
    assert sum(day.found for day in total) == 4
