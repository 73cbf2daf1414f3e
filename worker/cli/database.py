"""`backend-expert database`: bring the schema up to date, make a copy, put a copy back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.config import SettingsError, load

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


class DatabaseCommandError(Exception):
    """The command was not carried out; the message says why, for the operator."""


def run(options: argparse.Namespace) -> str:
    """Carry out the command and say what was done. Raises `DatabaseCommandError`."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.db.backup import BackupError
    from app.db.schema import SchemaError
    from worker.service.serve import CannotServeError

    try:
        match options.action:
            case "upgrade":
                return _upgrade()
            case "backup":
                return _backup(options.file)
            case _:
                return _restore(options.file)
    except (SettingsError, SchemaError, BackupError, CannotServeError) as error:
        raise DatabaseCommandError(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseCommandError(f"The database does not answer: {error}") from error


def _upgrade() -> str:
    from app.db import schema

    asyncio.run(schema.upgrade(load()))
    return f"The database has schema {schema.newest()}."


def _backup(file: Path) -> str:
    from app.db.backup import backup

    backup(load().database_url, file)
    return f"Wrote {file} ({file.stat().st_size / 1024**2:.1f} MB)."


def _restore(file: Path) -> str:
    from app.db import schema
    from app.db.backup import restore
    from worker.service.serve import only_one

    settings = load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with only_one(settings.data_dir):
        restore(settings.database_url, file)
        asyncio.run(schema.upgrade(settings))
    return f"The database is as it was in {file}, with schema {schema.newest()}."
