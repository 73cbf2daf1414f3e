"""A copy of the database is whole, sound, readable by its owner only, and can be put back."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app.db.backup import BackupError, backup, restore
from app.db.schema import SchemaError
from app.models import Round
from tests.app.conftest import POSTGRESQL

if TYPE_CHECKING:
    from pathlib import Path

    from app.db.engine import Database

pytestmark = pytest.mark.skipif(
    bool(POSTGRESQL) and shutil.which("pg_dump") is None, reason="pg_dump is not installed"
)


async def remember(database: Database, name: str) -> None:
    async with database.write() as session:
        session.add(Round(name=name, ran_at=datetime.now(UTC)))


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(text("SELECT name FROM rounds ORDER BY name")))


async def test_a_copy_brings_back_what_was_there(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copies" / "today"
    await remember(database, "before")
    backup(database_url, copy)
    await remember(database, "after")
    await database.engine.dispose()  # Nothing may be open while a copy is put back.

    restore(database_url, copy)

    assert await names(database) == ["before"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == ["today"]


def test_a_file_that_is_there_is_not_written_over(database_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "today"
    copy.write_text("something of mine")

    with pytest.raises(BackupError, match="today exists already"):
        backup(database_url, copy)

    assert copy.read_text() == "something of mine"


def test_a_file_that_is_not_there_cannot_be_restored(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no file"):
        restore(database_url, tmp_path / "nothing")


async def test_what_is_no_copy_changes_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await remember(database, "kept")
    (tmp_path / "wrong").write_bytes(b"no database at all" * 100)

    with pytest.raises(BackupError, match=r"not a database|pg_restore failed"):
        restore(database_url, tmp_path / "wrong")

    assert await names(database) == ["kept"]


def test_a_copy_of_a_newer_version_is_refused(sqlite_template: Path, tmp_path: Path) -> None:
    newer, target = tmp_path / "newer", tmp_path / "target.sqlite3"
    shutil.copyfile(sqlite_template, newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(SchemaError, match="a newer version wrote"):
        restore(f"sqlite+aiosqlite:///{target}", newer)

    assert not target.exists()


def test_a_copy_made_while_others_write_is_sound(sqlite_template: Path, tmp_path: Path) -> None:
    """The copy has every row up to some moment, and the writers were never refused."""
    live, copy = tmp_path / "live.sqlite3", tmp_path / "copy"
    shutil.copyfile(sqlite_template, live)
    written: list[int] = []
    halfway = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(live, timeout=10)
        for number in range(400):
            with connection:
                connection.execute(
                    "INSERT INTO rounds (name) VALUES (?)", (f"{number:08}" + "x" * 24,)
                )
            written.append(number)
            if number == 100:
                halfway.set()
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert halfway.wait(30)
    backup(f"sqlite+aiosqlite:///{live}", copy)
    writer.join()

    connection = sqlite3.connect(copy)
    found = [int(name[:8]) for (name,) in connection.execute("SELECT name FROM rounds")]
    connection.close()
    assert written == list(range(400))
    assert sorted(found) == list(range(len(found)))
    assert len(found) > 100
