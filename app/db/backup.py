"""Copies of the whole database, made while the service runs, and put back when it does not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, make_url

from app.db.schema import refuse_newer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

OWNER_ONLY = 0o600
BUSY_SECONDS = 10.0
PAGES_AT_ONCE = 1024
"""Between so many pages SQLite lets the writers of the service have their turn."""


class BackupError(Exception):
    """The copy could not be made or put back; the message is for the operator."""


def backup(database_url: str, file: Path) -> None:
    """Write the database to `file`, which must not exist; the service may run meanwhile.

    SQLite becomes a SQLite file, PostgreSQL an archive of `pg_dump`. The file appears whole or
    not at all, readable by its owner only. Raises `BackupError`.
    """
    if file.exists():
        raise BackupError(f"{file} exists already.")
    url = make_url(database_url)
    with _appearing(file) as partial:
        if url.get_backend_name() == "sqlite":
            _copy_sqlite(_sqlite_file(url), partial, PAGES_AT_ONCE)
            _examine(partial)
        else:
            _run(("pg_dump", "--format=custom", "--no-owner", f"--file={partial}"), url)


def restore(database_url: str, file: Path) -> None:
    """Put back what `backup` wrote; everything that is in the database now is replaced.

    Nothing is changed unless all of it can be. Raises `BackupError`, and `SchemaError` for a copy
    that a newer version wrote.
    """
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        _examine(file)
        target = _sqlite_file(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_sqlite(file, target, -1)
        return
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
    _run(("pg_restore", *options, f"--dbname={_name(url)}", str(file)), url)


def _sqlite_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise BackupError("A database in memory cannot be copied.")
    return Path(url.database)


@contextmanager
def _appearing(file: Path) -> Generator[Path]:
    """A path beside `file` that takes its name when all went well."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
        yield partial
        partial.rename(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _copy_sqlite(source: Path, target: Path, pages: int) -> None:
    if not source.is_file():
        raise BackupError(f"There is no database at {source} yet.")
    address = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as from_,
            closing(sqlite3.connect(target, timeout=BUSY_SECONDS)) as to,
        ):
            from_.backup(to, pages=pages)
            # One file that needs no other; the service turns WAL on again when it opens it.
            to.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"SQLite refused the copy: {error}.") from error


def _examine(file: Path) -> None:
    """Raise unless this is a sound database of ours that this version understands."""
    address = f"{file.absolute().as_uri()}?immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check").fetchone()
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{file.name} is not a database of Backend Expert: {error}.") from error
    if said != "ok":
        raise BackupError(f"{file.name} is damaged: {said}.")
    refuse_newer(found[0] if found else None)


def _run(command: Sequence[str], url: URL) -> None:
    """Run a client of PostgreSQL; where and as whom it connects is told by the environment."""
    program = shutil.which(command[0])
    if program is None:
        raise BackupError(f"{command[0]} is not on PATH; install the clients of PostgreSQL.")
    done = subprocess.run(
        [program, *command[1:]],
        env=os.environ | _environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip() or done.returncode}")


def _environment(url: URL) -> dict[str, str]:
    given = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGOPTIONS": url.query.get("options"),
        "PGSSLMODE": url.query.get("sslmode"),
        "PGSSLROOTCERT": url.query.get("sslrootcert"),
    }
    return {name: str(value) for name, value in given.items() if value}


def _name(url: URL) -> str:
    return url.database or url.username or "postgres"
