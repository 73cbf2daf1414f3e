"""The schema of the database: brought up to date at the start, never run against a newer one."""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from app.config import Settings
from app.db.engine import Database

ALEMBIC_INI = Path(__file__).parents[2] / "deploy" / "alembic.ini"
MIGRATIONS = ALEMBIC_INI.parent / "migrations" / "versions"
VERSIONS = table("alembic_version", column("version_num"))
"""Where Alembic keeps the revision. Read without Alembic, whose import every start would pay."""


class SchemaError(Exception):
    """The database cannot be used by this version of the code."""


class NoSchemaError(SchemaError):
    """The database is new: the service makes its tables at its first start."""


async def upgrade(settings: Settings) -> None:
    """Bring the database up to date; the first of several processes does it, the rest wait.

    One that is up to date is only looked at. Raises `SchemaError` when the database was written
    by a newer version.
    """
    database = Database(settings.database_url)
    try:
        async with database.engine.connect() as connection:
            if await connection.run_sync(present) == newest():
                return
        async with database.exclusive() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await database.close()


async def check(settings: Settings) -> None:
    """Raise `SchemaError` unless the database has exactly the schema of this code."""
    database = Database(settings.database_url)
    try:
        async with database.engine.connect() as connection:
            await connection.run_sync(_check)
    finally:
        await database.close()


def present(connection: Connection) -> str | None:
    """The revision of a database, None for one without tables."""
    if not inspect(connection).has_table(VERSIONS.name):
        return None
    return connection.scalar(select(VERSIONS.c.version_num))


def newest() -> str:
    """The revision that this code needs: the migrations are numbered, so it needs no Alembic."""
    return max(path.name for path in MIGRATIONS.glob("[0-9]*.py")).partition("_")[0]


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    revision = present(connection)
    refuse_newer(revision)
    if revision == newest():  # Somebody else did it while we waited.
        return
    config = Config(ALEMBIC_INI)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check(connection: Connection) -> None:
    revision = present(connection)
    refuse_newer(revision)
    if revision is None:
        raise NoSchemaError("the database has no tables yet")
    if revision != newest():
        raise SchemaError(
            f"the database has schema {revision} and this version needs {newest()}; "
            "run: backend-expert database upgrade"
        )


def refuse_newer(revision: str | None) -> None:
    """Raise `SchemaError` for a revision that this version of the code does not know."""
    if revision is not None and revision > newest():
        raise SchemaError(
            f"the database has schema {revision}, which a newer version wrote; use that version"
        )
