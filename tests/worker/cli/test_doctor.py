"""The doctor names what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.config import load
from app.db.schema import upgrade
from tests.github import LocalGitHub
from worker.cli.doctor import examine, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as github:
        yield github


@pytest.fixture(autouse=True)
def _empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "GITHUB_APP_ID", "GITHUB_PRIVATE_KEY"):
        monkeypatch.delenv(name, raising=False)


def give_settings(monkeypatch: pytest.MonkeyPatch, github: LocalGitHub, key: str) -> None:
    monkeypatch.setenv("GITHUB_APP_ID", "1")
    monkeypatch.setenv("GITHUB_PRIVATE_KEY", key)
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "a secret of the tests")
    monkeypatch.setenv("GITHUB_API_URL", github.url)


def test_missing_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status = run()

    out = capsys.readouterr().out
    assert status == 1
    assert "GITHUB_APP_ID is missing" in out
    assert "Set these variables in the environment or in .env" in out


def test_a_healthy_service_is_all_well(
    github: LocalGitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = github.apps.create("Backend Expert")
    give_settings(monkeypatch, github, app.private_key)
    monkeypatch.setenv("GITHUB_APP_ID", str(app.id))
    settings = load()
    settings.data_dir.mkdir()
    asyncio.run(upgrade(settings))

    status = run()

    assert status == 0, capsys.readouterr().out


def test_a_key_that_github_does_not_know_is_told(
    github: LocalGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = github.apps.create("Backend Expert")
    give_settings(monkeypatch, github, app.private_key)
    monkeypatch.setenv("GITHUB_APP_ID", str(app.id + 1000))

    found = {finding.what: finding.well for finding in examine()}

    assert found["app"] is False
    assert found["database"] is True
