"""The database: an engine with the right pragmas, and its two kinds of transaction."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, Final, override

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from app.db.types import dump_json

BUSY_MILLISECONDS = 10_000
_WRITES = "backend_expert_writes"
_SCHEMA_LOCK = 0x0BACE9D


class _SqliteConnection(sqlite3.Connection):
    """Gives its lock back when it is closed.

    SQLite lets a connection live on, with its transaction, while a statement of it does: that
    of a cancelled task would keep the database locked until Python collects its traceback.
    """

    @override
    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        super().close()


_CONNECT = {
    "isolation_level": None,
    "timeout": BUSY_MILLISECONDS / 1000,
    "factory": _SqliteConnection,
}


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
        self._near = _NearWriter(url) if self.is_sqlite else None

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

    async def write_at_once[**P, Result](
        self, work: Callable[Concatenate[Connection, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """The result of `work`, run and committed durably as one short transaction.

        On SQLite the whole of it is one trip to a thread, not one for each statement: 0.6 of the
        time that `write` takes for a delivery.
        """
        if self._turn is None or self._near is None:
            async with self.engine.begin() as connection:
                return await connection.run_sync(work, *args, **kwargs)
        async with self._turn:
            return await self._near.run(lambda connection: work(connection, *args, **kwargs))

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
        if self._near is not None:
            await self._near.close()
        await self.engine.dispose()


class _NearWriter:
    """A thread with one synchronous connection to a SQLite file."""

    def __init__(self, url: str) -> None:
        file = make_url(url).set(drivername="sqlite")
        self._engine = create_engine(
            file,
            poolclass=StaticPool,
            json_serializer=dump_json,
            connect_args={**_CONNECT, "check_same_thread": False},
        )
        _listen(self._engine)
        self._thread = ThreadPoolExecutor(1, "near-writer")

    async def run[Result](self, work: Callable[[Connection], Result]) -> Result:
        """The result of `work` in a committed write transaction."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run[Result](self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                return work(connection)

    async def close(self) -> None:
        """Wait for what runs and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        await asyncio.to_thread(self._thread.shutdown)


def _create_engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, json_serializer=dump_json, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(parsed, json_serializer=dump_json, connect_args=_CONNECT)
    _listen(engine.sync_engine)
    return engine


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


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
