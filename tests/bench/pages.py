"""Every page of the history with a year of reviews behind it: the time that the server works on it."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from rich.table import Table

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
    "/pulls/octo/service-07/90",
    "/reviews/9000",
    "/findings",
    "/findings?state=dismissed&severity=critical",
    "/findings?repository=octo/service-03&q=part_7",
    "/findings?rule=SEC101&before=50000",
    "/rules/SEC101",
    "/deliveries",
    "/deliveries?state=done&after=5000",
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


def table() -> Table:
    """Measure and show."""
    size = Size()
    title = f"Pages at {size.findings:,} findings and {size.reviews:,} reviews (budget 50 ms)"
    shown = Table("page", "ms", "slowest", "ms by the clock", "", title=title)
    for path, taken in asyncio.run(_measure(size)):
        worked = [one.worked for one in taken]
        middle, clock = statistics.median(worked), statistics.median(one.clock for one in taken)
        verdict = "" if middle <= BUDGET else "too slow"
        times = (f"{seconds * 1000:.1f}" for seconds in (middle, max(worked), clock))
        shown.add_row(path, *times, verdict)
    return shown


async def _measure(size: Size) -> list[tuple[str, list[Taken]]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = make_settings(
            data_dir=Path(folder),
            database_url=f"sqlite:///{folder}/past.sqlite3",
            history_local=True,
            log_level="error",
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            await invent(app.state.services.database, size, datetime.now(UTC))
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
