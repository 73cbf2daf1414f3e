"""How each SQL driver is connected to, and what closes a connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Driver:
    """One way to open a connection.

    `with_closes` tells whether leaving a `with` block on the connection closes it;
    `is_async` whether connecting and closing are awaited; `noun` is what messages call it, and
    `advice` what to do, where that is no block on the call itself.
    """

    noun: str
    with_closes: bool
    is_async: bool = False
    advice: str = ""


_TAKEN = "connection of the pool"
_ASYNC_TAKEN = Driver(_TAKEN, with_closes=True, is_async=True)
_BY_BLOCK = Driver(_TAKEN, with_closes=False, advice="Take it by `with pool.connection() as ...`.")
_BY_HAND = Driver(_TAKEN, with_closes=False, advice="Give it back by `putconn` in a `finally`.")

CONNECT: dict[str, Driver] = {
    "sqlite3.connect": Driver("SQLite connection", with_closes=False),
    "aiosqlite.connect": Driver("SQLite connection", with_closes=True, is_async=True),
    "psycopg.connect": Driver("PostgreSQL connection", with_closes=True),
    "psycopg.Connection.connect": Driver("PostgreSQL connection", with_closes=True),
    "psycopg.AsyncConnection.connect": Driver(
        "PostgreSQL connection", with_closes=True, is_async=True
    ),
    "psycopg2.connect": Driver("PostgreSQL connection", with_closes=False),
    "asyncpg.connect": Driver("PostgreSQL connection", with_closes=True, is_async=True),
    "asyncpg.Pool.acquire": _ASYNC_TAKEN,
    "asyncpg.pool.Pool.acquire": _ASYNC_TAKEN,
    "aiomysql.Pool.acquire": _ASYNC_TAKEN,
    "psycopg_pool.ConnectionPool.getconn": _BY_BLOCK,
    "psycopg_pool.AsyncConnectionPool.getconn": _BY_BLOCK,
    "psycopg2.pool.SimpleConnectionPool.getconn": _BY_HAND,
    "psycopg2.pool.ThreadedConnectionPool.getconn": _BY_HAND,
    "pymysql.connect": Driver("MySQL connection", with_closes=True),
    "MySQLdb.connect": Driver("MySQL connection", with_closes=True),
    "mysql.connector.connect": Driver("MySQL connection", with_closes=True),
    "aiomysql.connect": Driver("MySQL connection", with_closes=True, is_async=True),
    "pyodbc.connect": Driver("ODBC connection", with_closes=False),
    "oracledb.connect": Driver("Oracle connection", with_closes=True),
    "duckdb.connect": Driver("DuckDB connection", with_closes=True),
    "apsw.Connection": Driver("SQLite connection", with_closes=False),
    "sqlalchemy.Engine.connect": Driver("connection", with_closes=True),
    "sqlalchemy.ext.asyncio.AsyncEngine.connect": Driver(
        "connection", with_closes=True, is_async=True
    ),
    "sqlalchemy.orm.sessionmaker()": Driver("session", with_closes=True),
    "sqlalchemy.orm.Session": Driver("session", with_closes=True),
    "sqlalchemy.ext.asyncio.async_sessionmaker()": Driver(
        "session", with_closes=True, is_async=True
    ),
    "sqlalchemy.ext.asyncio.AsyncSession": Driver("session", with_closes=True, is_async=True),
}
"""Qualified name of a callable that opens a connection or a session."""

POOLS = frozenset({
    "asyncpg.create_pool", "psycopg_pool.ConnectionPool", "psycopg_pool.AsyncConnectionPool",
    "psycopg2.pool.SimpleConnectionPool", "psycopg2.pool.ThreadedConnectionPool",
    "aiomysql.create_pool", "aiosqlitepool.SQLiteConnectionPool",
})  # fmt: skip
"""Callables that open several connections at once."""

ENGINES = frozenset({"sqlalchemy.create_engine", "sqlalchemy.ext.asyncio.create_async_engine"})
"""Callables that build a pool which connects on first use."""
