"""What a call does that its callers should know of, told by its resolved name."""

from __future__ import annotations

import functools

from rules.tables.blocking import blocking_effect

QUERY_OWNERS = frozenset({
    "sqlite3.Connection", "sqlite3.Cursor", "aiosqlite.Connection", "aiosqlite.Cursor",
    "sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.Connection",
    "sqlalchemy.ext.asyncio.AsyncConnection", "databases.Database", "asyncpg.Connection",
    "asyncpg.Pool", "psycopg.Connection", "psycopg.Cursor", "psycopg.AsyncConnection",
    "psycopg.AsyncCursor", "psycopg2.cursor",
})  # fmt: skip
QUERY_METHODS = frozenset({
    "execute", "exec", "scalar", "scalars", "get", "get_one", "query", "stream", "refresh",
    "fetch", "fetchrow", "fetchval", "fetch_all", "fetch_one", "fetch_val", "execute_fetchall",
})  # fmt: skip
CLIENTS = frozenset({
    "httpx.Client", "httpx.AsyncClient", "requests.Session", "aiohttp.ClientSession",
    "sqlalchemy.create_engine", "sqlalchemy.ext.asyncio.create_async_engine",
})  # fmt: skip


FREEZING = frozenset({"network", "sleep", "subprocess", "database", "input"})
"""What a helper can wait for so long that its callers must know; a small file is not among it."""


_HASHES = ("bcrypt.", "passlib.", "pwdlib.", "argon2.", "werkzeug.security.")
"""Password hashing takes a quarter of a second on purpose, which no caller can see."""


@functools.lru_cache(maxsize=65536)
def effects_of(name: str) -> tuple[str, ...]:
    """Of `blocking`, `query`, `client` and `refusal`, what calling the function with this name does."""
    owner, _, method = name.rpartition(".")
    found: list[str] = []
    if method in QUERY_METHODS and owner in QUERY_OWNERS:
        found.append("query")
    if name in CLIENTS:
        found.append("client")
    if method == "HTTPException" and owner.startswith(("fastapi", "starlette")):
        found.append("refusal")
    effect = blocking_effect(name)
    if effect is not None and (effect.kind in FREEZING or name.startswith(_HASHES)):
        found.append("blocking")
    return tuple(found)
