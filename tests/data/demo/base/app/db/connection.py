"""The connection to SQLite."""

from collections.abc import AsyncIterator

import aiosqlite

from app.config import settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS markets (
    id TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    volume REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS watchlist (
    user_id TEXT NOT NULL,
    market_id TEXT NOT NULL REFERENCES markets (id),
    PRIMARY KEY (user_id, market_id)
);
"""


async def create_schema() -> None:
    """Create what is missing."""
    async with aiosqlite.connect(settings.database) as db:
        await db.execute("PRAGMA journal_mode = WAL")
        await db.executescript(SCHEMA)
        await db.commit()


async def connection() -> AsyncIterator[aiosqlite.Connection]:
    """One connection for one request."""
    async with aiosqlite.connect(settings.database, timeout=5) as db:
        await db.execute("PRAGMA foreign_keys = ON")
        yield db
