"""No page goes through a table that grows: the database itself says how it would read."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.db.engine import Database
from tests.app.conversation import talking_to
from tests.bench.pages import PAGES
from tests.bench.past import Size, invent

GROWING = "findings|reviews|pull_requests|deliveries|audit|tallies|dismissals|votes"
SCAN = re.compile(rf"\b(SCAN|Seq Scan on) ({GROWING})\b")
SEARCHED = re.compile(r"SEARCH (\w+) USING COVERING INDEX (\w+)")
SMALL = Size(repositories=20, reviews=500, findings=1_000)

type Statement = tuple[str, object]


@pytest.fixture
async def statements(
    settings: Settings, database: Database
) -> AsyncIterator[tuple[httpx.AsyncClient, list[Statement]]]:
    seen: list[Statement] = []

    def note(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        if sql.startswith("SELECT"):
            seen.append((sql, values))

    async with talking_to(settings.model_copy(update={"history_local": True})) as (http, services):
        await invent(services.database, SMALL, datetime.now(UTC))
        engine = services.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        yield http, seen
        event.remove(engine, "before_cursor_execute", note)


async def test_every_page_reads_growing_tables_by_index(
    statements: tuple[httpx.AsyncClient, list[Statement]], database: Database
):
    http, asked = statements
    for path in PAGES:
        answer = await http.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, path
    async with database.engine.connect() as connection:
        scans = await _scans(connection, asked) if database.is_sqlite else []
        await connection.exec_driver_sql("ANALYZE")
        scans += await _scans(connection, asked)

    assert len(asked) > len(PAGES)
    assert scans == []


async def test_what_is_open_is_counted_from_the_open_pull_requests_on(
    statements: tuple[httpx.AsyncClient, list[Statement]], database: Database
):
    """Findings of pull requests that are over stay open: there are ever more of them."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has statistics to choose by, SQLite has none until asked")
    http, asked = statements
    await http.get("/", headers={"Accept": "text/html"})
    counts = [one for one in asked if "JOIN findings" in one[0]]
    async with database.engine.connect() as connection:
        plans = [await _plan(connection, one) for one in counts]

    assert [[SEARCHED.findall(step) for step in plan[:2]] for plan in plans] == [
        [
            [("pull_requests", "ix_pull_requests_state_repository_id")],
            [("findings", "ix_findings_pull_request_id_state_group_severity")],
        ]
    ]


async def _scans(connection: AsyncConnection, asked: list[Statement]) -> list[Statement]:
    if connection.dialect.name == "postgresql":
        # It prefers to read small tables whole; what is left then is what no index serves.
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    plans = [(await _plan(connection, one), one[0]) for one in asked]
    return [(step, sql) for steps, sql in plans for step in steps if SCAN.search(step)]


async def _plan(connection: AsyncConnection, asked: Statement) -> list[str]:
    sql, values = asked
    how = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = await connection.exec_driver_sql(f"{how} {sql}", values)  # pyright: ignore[reportArgumentType]
    return [str(row[-1]) for row in rows]
