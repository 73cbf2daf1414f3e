"""The snippets of the text that this product grew from.

Its wrong ones are reported for the reason that it gives, its right ones carry nothing worse than
a suggestion of the group that they teach, all exactly as printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rules.core.config import Config
from rules.core.review import review
from rules.core.rule import Severity
from tests.rules.trees import everything_new

if TYPE_CHECKING:
    from rules.core.findings import Finding

SQL_WRONG = """\
cursor.execute(f"SELECT * FROM users WHERE id = {user_id}")
"""

SQL_RIGHT = """\
cursor.execute("SELECT * FROM users WHERE id = ?", (user_id,))
"""

ERRORS_WRONG = """\
try:
    result = await api_call()
except Exception:
    pass
"""

ERRORS_RIGHT = """\
try:
    result = await api_call()
except httpx.TimeoutException as e:
    logger.warning("API timeout: %s", e)
    raise HTTPException(status_code=503, detail="Service temporarily unavailable")
"""

ASYNC_WRONG = """\
def get_data():
    return requests.get(url).json()  # Blocks event loop
"""

ASYNC_RIGHT = """\
async def get_data():
    async with httpx.AsyncClient() as client:
        response = await client.get(url)
        return response.json()
"""

RESOURCES_WRONG = """\
conn = sqlite3.connect("db.sqlite")
cursor = conn.execute(query)
"""

RESOURCES_RIGHT = """\
async with aiosqlite.connect("db.sqlite") as conn:
    async with conn.execute(query) as cursor:
        rows = await cursor.fetchall()
"""

RATE_LIMITING = """\
# ✅ Implement exponential backoff
import asyncio
from tenacity import retry, stop_after_attempt, wait_exponential

@retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=1, min=1, max=10))
async def fetch_with_retry(url: str) -> dict:
    async with httpx.AsyncClient() as client:
        response = await client.get(url)
        response.raise_for_status()
        return response.json()
"""

POOLING = """\
# ✅ Reusable client with connection pooling
from contextlib import asynccontextmanager
import httpx

@asynccontextmanager
async def get_http_client():
    limits = httpx.Limits(max_keepalive_connections=5, max_connections=10)
    async with httpx.AsyncClient(limits=limits, timeout=30.0) as client:
        yield client
"""

CACHING = """\
# ✅ Simple TTL cache for API responses
from functools import lru_cache
from datetime import datetime, timedelta
import asyncio

class TTLCache:
    def __init__(self, ttl_seconds: int = 300):
        self._cache: dict = {}
        self._ttl = timedelta(seconds=ttl_seconds)

    def get(self, key: str) -> tuple[bool, any]:
        if key in self._cache:
            value, timestamp = self._cache[key]
            if datetime.now() - timestamp < self._ttl:
                return True, value
        return False, None

    def set(self, key: str, value: any) -> None:
        self._cache[key] = (value, datetime.now())
"""

CALLED_BY_A_ROUTE = """\
import requests
from fastapi import FastAPI

app = FastAPI()
url = "https://gamma-api.polymarket.com/markets"


@app.get("/data")
async def data():
    return get_data()


"""


def findings(code: str) -> tuple[Finding, ...]:
    result = review(everything_new({"app/example.py": code}), Config(low_confidence="inline"))
    assert result.skipped == ()
    return result.findings


def inside_a_coroutine(code: str) -> str:
    """What is printed without its function can only stand in one."""
    return "async def main():\n" + "".join(f"    {line}\n" for line in code.splitlines())


WRONG = {
    "sql": (SQL_WRONG, "SEC101"),
    "errors": (ERRORS_WRONG, "ERR101"),
    "errors in a function": (inside_a_coroutine(ERRORS_WRONG), "ERR101"),
    "async": (ASYNC_WRONG, "ASY"),
    "async with its import": ("import requests\n\n" + ASYNC_WRONG, "ASY"),
    "async behind a route": (CALLED_BY_A_ROUTE + ASYNC_WRONG, "ASY102"),
    "resources": (RESOURCES_WRONG, "RES101"),
    "resources with their import": ("import sqlite3\n\n" + RESOURCES_WRONG, "RES101"),
    "resources in a function": (
        "import sqlite3\n\n" + inside_a_coroutine(RESOURCES_WRONG),
        "RES101",
    ),
}
RIGHT = {
    "sql": SQL_RIGHT,
    "errors": ERRORS_RIGHT,
    "errors in a function": inside_a_coroutine(ERRORS_RIGHT),
    "async": ASYNC_RIGHT,
    "async with its import": "import httpx\n\n" + ASYNC_RIGHT,
    "resources": RESOURCES_RIGHT,
    "resources in a function": "import aiosqlite\n\n" + inside_a_coroutine(RESOURCES_RIGHT),
    "rate limiting": RATE_LIMITING,
    "rate limiting with its import": "import httpx\n" + RATE_LIMITING,
    "pooling": POOLING,
    "caching": CACHING,
}


@pytest.mark.parametrize(("code", "rule"), WRONG.values(), ids=WRONG)
def test_a_wrong_snippet_is_reported_for_its_reason(code: str, rule: str) -> None:
    codes = [finding.rule for finding in findings(code)]

    assert any(code.startswith(rule) for code in codes), codes


@pytest.mark.parametrize("code", RIGHT.values(), ids=RIGHT)
def test_a_right_snippet_gets_at_most_suggestions(code: str) -> None:
    serious = [
        f"{finding.rule} {finding.severity}: {finding.message}"
        for finding in findings(code)
        if finding.severity is not Severity.SUGGESTION
    ]

    assert serious == []
