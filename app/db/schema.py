"""The schema of the database: brought up to date at the start, never run against a newer one."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from app.config import Settings
from app.db.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

ALEMBIC_INI = Path(__file__).parents[2] / "deploy" / "alembic.ini"


class SchemaError(Exception):
    """The database cannot be used by this version of the code."""


async def upgrade(settings: Settings) -> None:
    """Bring the database up to date; the first of several processes does it, the rest wait.

    Raises `SchemaError` when the database was written by a newer version.
    """
    database = Database(settings.database_url)
    try:
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


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = _config()
    present, head = _revisions(connection, config)
    if present != head:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check(connection: Connection) -> None:
    present, head = _revisions(connection, _config())
    if present != head:
        raise SchemaError(
            f"the database has schema {present or 'none'} and this version needs {head}; "
            "start the service once, or run: alembic -c deploy/alembic.ini upgrade head"
        )


def _revisions(connection: Connection, config: "Config") -> tuple[str | None, str | None]:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise SchemaError(
            f"the database has schema {present}, which a newer version wrote; use that version"
        )
    return present, scripts.get_current_head()


def _config() -> "Config":
    from alembic.config import Config

    return Config(ALEMBIC_INI)
