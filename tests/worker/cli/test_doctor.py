"""The doctor names what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from app.config import load
from app.db.schema import upgrade
from tests.github import LocalGitHub
from worker.cli.doctor import examine, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.github.state import App


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as github:
        yield github


class Taking(BaseHTTPRequestHandler):
    """Answers every delivery as the web process does."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def public_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("PUBLIC_URL", url)
        yield url
        server.shutdown()


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


def installed(github: LocalGitHub, **fields: object) -> App:
    """An App as the manifest makes it, installed on a repository."""
    app = github.apps.create(**{"webhook_url": "http://127.0.0.1:8000/webhook"} | fields)  # pyright: ignore[reportArgumentType]
    github.repositories.create("alice/shop", {"README.md": "A shop."})
    github.apps.install(app, ["alice/shop"])
    return app


def told(github: LocalGitHub, app: App, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the doctor says of each thing that is not well."""
    give_settings(monkeypatch, github, app.private_key)
    monkeypatch.setenv("GITHUB_APP_ID", str(app.id))
    return {finding.what: finding.told for finding in examine() if not finding.well}


def test_what_the_app_lacks_is_named(github: LocalGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    granted = {"metadata": "read", "contents": "read", "pull_requests": "read", "issues": "write"}
    app = installed(github, permissions=granted, events=["pull_request", "issue_comment"])

    said = told(github, app, monkeypatch)

    assert said["permissions"] == "the App lacks pull_requests: write, checks: write"
    assert said["events"] == (
        "the App is not told of merge_group, pull_request_review_comment, repository"
    )
    assert said["installations"] == (
        "1; not granted yet: alice (pull_requests: write, checks: write)"
    )


def test_a_webhook_that_goes_elsewhere_is_told(
    github: LocalGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = installed(github, webhook_url="http://127.0.0.1:9/webhook")

    said = told(github, app, monkeypatch)

    assert said["webhook"] == (
        "goes to http://127.0.0.1:9/webhook, not to http://127.0.0.1:8000/webhook"
    )


def test_an_app_that_is_installed_nowhere_is_told(
    github: LocalGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = github.apps.create(webhook_url="http://127.0.0.1:8000/webhook")

    assert told(github, app, monkeypatch) == {"installations": "none"}


def test_deliveries_that_nobody_took_are_counted(
    github: LocalGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = installed(github)
    github.repositories.commit("alice/shop", "prices", {"prices.py": "PRICE = 1\n"})
    github.pulls.open("alice/shop", "prices")
    github.webhooks.wait(20)

    said = told(github, app, monkeypatch)

    assert said["deliveries"].startswith("not taken since yesterday: ")


def test_missing_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status = run()

    out = capsys.readouterr().out
    assert status == 1
    assert "GITHUB_APP_ID is missing" in out
    assert "Set these variables in the environment or in .env" in out


def test_a_healthy_service_is_all_well(
    github: LocalGitHub,
    public_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = installed(github, webhook_url=f"{public_url}/webhook")
    github.webhooks.wait(20)
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
