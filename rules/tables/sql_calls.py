"""Which calls run SQL: on which classes, by which methods, and what SQLAlchemy builds it from."""

from __future__ import annotations

SQLITE_OWNERS = frozenset({
    "sqlite3.Connection", "sqlite3.Cursor", "aiosqlite.Connection", "aiosqlite.Cursor",
})  # fmt: skip
"""Connections and cursors of SQLite drivers: `?` and `:name` parameters."""

SESSIONS = frozenset({"sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession"})
"""Units of work: what is added is written by `flush` and kept by `commit`."""

SQLALCHEMY_OWNERS = SESSIONS | {
    "sqlalchemy.Connection",
    "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.orm.scoped_session",
}
"""Whatever runs a statement of SQLAlchemy."""

OTHER_OWNERS = frozenset({
    "asyncpg.Connection", "asyncpg.Pool", "psycopg.Connection", "psycopg.Cursor",
    "psycopg.AsyncConnection", "psycopg.AsyncCursor", "psycopg2.cursor", "psycopg2.connection",
    "pymysql.Connection", "pymysql.Cursor", "databases.Database", "duckdb.DuckDBPyConnection",
})  # fmt: skip
"""Connections of other databases."""

RUNNING = frozenset({
    "execute", "executemany", "executescript", "execute_fetchall", "execute_insert", "exec",
    "scalar", "scalars", "stream", "stream_scalars", "exec_driver_sql", "fetch", "fetchrow",
    "fetchval", "fetch_all", "fetch_one", "fetch_val",
})  # fmt: skip
"""Methods that run the statement in their first argument."""

BUILDERS = {
    "sqlalchemy.select": "select",
    "sqlalchemy.insert": "insert",
    "sqlalchemy.update": "update",
    "sqlalchemy.delete": "delete",
    "sqlalchemy.dialects.sqlite.insert": "insert",
    "sqlalchemy.dialects.postgresql.insert": "insert",
    "sqlalchemy.exists": "select",
    "sqlalchemy.union": "select",
    "sqlalchemy.union_all": "select",
    "sqlalchemy.sql.insert": "insert",
    "sqlalchemy.sql.update": "update",
    "sqlalchemy.sql.delete": "delete",
    "sqlalchemy.sql.expression.insert": "insert",
    "sqlalchemy.sql.expression.update": "update",
    "sqlalchemy.sql.expression.delete": "delete",
    "sqlmodel.insert": "insert",
}
"""Functions of SQLAlchemy that begin a statement, with its verb."""

SESSION_WRITES = frozenset({
    "add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings",
    "bulk_update_mappings",
})  # fmt: skip
"""Methods of a session that put a change into its transaction."""

QUERY_ENDS = frozenset({
    "all", "first", "one", "one_or_none", "scalar", "count", "get", "scalars", "update", "delete",
})  # fmt: skip
"""Methods that run a `session.query(...)`."""

WRITING_VERBS = frozenset({"insert", "update", "delete", "replace", "upsert", "merge"})
"""First words of statements that change rows."""
