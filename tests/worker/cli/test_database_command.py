"""The operator's commands for the database, as a person gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.db.schema import newest
from tests.app.settings import PRIVATE_KEY
from worker.cli.command import main
from worker.service.serve import only_one

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_APP_ID", "1")
    monkeypatch.setenv("GITHUB_PRIVATE_KEY", PRIVATE_KEY)
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "a secret of the tests")


def test_upgrade_backup_and_restore_say_what_they_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = (["upgrade"], ["backup", "copy"], ["restore", "copy"])
    status = [main(["database", *command]) for command in commands]

    said = capsys.readouterr().out.splitlines()
    assert status == [0, 0, 0]
    assert said[0] == f"The database has schema {newest()}."
    assert said[1].startswith("Wrote copy (")
    assert said[2] == f"The database is as it was in copy, with schema {newest()}."
    assert (tmp_path / "copy").is_file()


def test_a_copy_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["database", "backup", "copy"]) == 2

    assert "There is no database at" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()


def test_a_running_service_is_not_restored_under_its_feet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["database", "upgrade"]) == 0
    assert main(["database", "backup", "copy"]) == 0

    with only_one(tmp_path / "data"):
        assert main(["database", "restore", "copy"]) == 2

    assert "Another service runs in" in capsys.readouterr().err
