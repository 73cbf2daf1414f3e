"""No page goes through a table that grows: SQLite itself says how it would read."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import event

from app.config import Settings
from app.db.engine import Database
from tests.app.conversation import talking_to
from tests.bench.pages import PAGES
from tests.bench.past import Size, invent

GROWING = ("findings", "reviews", "pull_requests", "deliveries", "audit", "tallies", "dismissals")
SCAN = re.compile(rf"\bSCAN ({'|'.join(GROWING)})\b")
SMALL = Size(repositories=20, reviews=500, findings=1_000)


@pytest.fixture
async def statements(
    settings: Settings, database: Database
) -> AsyncIterator[tuple[httpx.AsyncClient, list[tuple[str, object]]]]:
    if not database.is_sqlite:
        pytest.skip("the plans are those of SQLite")
    seen: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        seen.append((sql, values))

    async with talking_to(settings.model_copy(update={"history_local": True})) as (http, services):
        await invent(services.database, SMALL, datetime.now(UTC))
        engine = services.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        yield http, seen
        event.remove(engine, "before_cursor_execute", note)


async def test_every_page_reads_growing_tables_by_index(
    statements: tuple[httpx.AsyncClient, list[tuple[str, object]]], database: Database
):
    http, seen = statements
    for path in PAGES:
        await http.get(path, headers={"Accept": "text/html"})
    asked = [(sql, values) for sql, values in seen if sql.startswith("SELECT")]
    scans: list[tuple[str, str]] = []
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE")
        for sql, values in asked:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)  # pyright: ignore[reportArgumentType]
            steps = [str(row[-1]) for row in rows]
            scans += [(step, sql) for step in steps if SCAN.search(step)]

    assert len(asked) > len(PAGES)
    assert scans == []
