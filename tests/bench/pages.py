"""Every page of the history with a year of reviews behind it: the time that the server works on it.

With `TEST_DATABASE_URL` naming an empty PostgreSQL, on that too. Its work is another process's, so
there the clock counts, and the quickest of the times, which others disturbed least.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from rich.table import Table
from sqlalchemy import text

from app.main import create_app
from tests.app.settings import make_settings
from tests.bench.past import Size, invent

if TYPE_CHECKING:
    from fastapi import FastAPI

BUDGET = 0.05
TIMES = 9
PAGES = (
    "/",
    "/repositories/octo/service-07",
    "/repositories/octo/service-07?state=merged",
    "/pulls/octo/service-07/4",
    "/reviews/450",
    "/findings",
    "/findings?state=dismissed&severity=critical",
    "/findings?repository=octo/service-03&q=part_7",
    "/findings?rule=SEC101&before=50000",
    "/rules/SEC101",
    "/deliveries",
    f"/deliveries?state=done&before={250:036x}",
    "/health",
    "/audit?actor=maya&before=5000",
    "/api/v1/overview",
    "/api/v1/findings?limit=200",
)


@dataclass(frozen=True)
class Taken:
    """Seconds of the processor, in all threads, and of the clock, which others slow down."""

    worked: float
    clock: float


def tables() -> list[Table]:
    """Measure and show."""
    size = Size()
    with tempfile.TemporaryDirectory() as folder:
        found = [_table(size, "SQLite", f"sqlite:///{folder}/past.sqlite3", folder)]
        if url := os.environ.get("TEST_DATABASE_URL"):
            found.append(_table(size, "PostgreSQL", url, folder))
    return found


def _table(size: Size, name: str, url: str, folder: str) -> Table:
    title = f"{name}, {size.findings:,} findings and {size.reviews:,} reviews (budget 50 ms)"
    shown = Table("page", "ms", "slowest", "ms by the clock", "quickest", "", title=title)
    for path, taken in asyncio.run(_measure(size, url, folder)):
        worked, clock = [one.worked for one in taken], [one.clock for one in taken]
        middle = statistics.median(worked)
        verdict = "" if (middle if name == "SQLite" else min(clock)) <= BUDGET else "too slow"
        told = (middle, max(worked), statistics.median(clock), min(clock))
        shown.add_row(path, *(f"{seconds * 1000:.1f}" for seconds in told), verdict)
    return shown


async def _measure(size: Size, url: str, folder: str) -> list[tuple[str, list[Taken]]]:
    settings = make_settings(
        data_dir=Path(folder), database_url=url, history_local=True, log_level="error"
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        database = app.state.services.database
        await invent(database, size, datetime.now(UTC))
        if not database.is_sqlite:
            # As autovacuum does by itself where it is on.
            async with database.write() as session:
                await session.execute(text("ANALYZE"))
        return [(path, await _ask(app, path)) for path in PAGES]


async def _ask(app: FastAPI, path: str) -> list[Taken]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    taken: list[Taken] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        await http.get(path)
        for _ in range(TIMES):
            worked, clock = time.process_time(), time.perf_counter()
            answer = await http.get(path, headers={"Accept": "text/html"})
            taken.append(Taken(time.process_time() - worked, time.perf_counter() - clock))
            answer.raise_for_status()
    return taken
