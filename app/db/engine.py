"""The database: an engine with the right pragmas, and its two kinds of transaction."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from app.db.types import dump_json

BUSY_MILLISECONDS = 10_000
_WRITES = "backend_expert_writes"
_SCHEMA_LOCK = 0x0BACE9D


class Database:
    """One database. Make it with its URL, use `read` and `write`, `close` it at the end.

    On SQLite a write transaction takes the write lock when it begins (`BEGIN IMMEDIATE`), so it
    waits its turn there and can never fail later, when a read would have to become a write. The
    writers of one process queue up fairly in front of it: keep network calls out of `write`.
    """

    def __init__(self, url: str) -> None:
        self.engine: Final[AsyncEngine] = _create_engine(url)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._turn = asyncio.Lock() if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; otherwise it is PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A transaction that sees one state of the database and leaves nothing behind."""
        async with self._sessions() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncSession]:
        """A transaction that is committed, durably, when the block ends without an exception."""
        if self._turn is None:
            async with self._sessions.begin() as session:
                yield session
            return
        async with self._turn, self._sessions() as session:
            await session.connection(execution_options={_WRITES: True})
            yield session
            await session.commit()

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[AsyncConnection]:
        """A committed transaction for a change of the schema: one process at a time."""
        async with self.engine.connect() as connection:
            await connection.execution_options(**{_WRITES: True})
            async with connection.begin():
                if not self.is_sqlite:
                    lock = text("SELECT pg_advisory_xact_lock(:key)")
                    await connection.execute(lock, {"key": _SCHEMA_LOCK})
                yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _create_engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, json_serializer=dump_json, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        parsed,
        json_serializer=dump_json,
        connect_args={"isolation_level": None, "timeout": BUSY_MILLISECONDS / 1000},
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
