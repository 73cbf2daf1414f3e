"""Every page of the history with a year of reviews behind it: time in the server, and query plans."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
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


def table() -> Table:
    """Measure and show."""
    size = Size()
    title = f"Pages at {size.findings:,} findings and {size.reviews:,} reviews (budget 50 ms)"
    shown = Table("page", "ms", "slowest", "", title=title)
    for path, seconds in asyncio.run(_measure(size)):
        middle = statistics.median(seconds)
        verdict = "" if middle <= BUDGET else "too slow"
        shown.add_row(path, f"{middle * 1000:.1f}", f"{max(seconds) * 1000:.1f}", verdict)
    return shown


async def _measure(size: Size) -> list[tuple[str, list[float]]]:
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


async def _ask(app: FastAPI, path: str) -> list[float]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    seconds: list[float] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        await http.get(path)
        for _ in range(TIMES):
            began = time.perf_counter()
            answer = await http.get(path, headers={"Accept": "text/html"})
            seconds.append(time.perf_counter() - began)
            answer.raise_for_status()
    return seconds
