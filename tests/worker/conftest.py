"""A service for each test: real HTTP, real git, real Valkey, a real database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.db.engine import Database
from app.main import create_app
from tests.app.conftest import (  # noqa: F401 fixtures are found by name
    database_url,
    postgresql_url,
    sqlite_template,
)
from tests.app.serving import Served
from tests.app.settings import SECRET
from tests.github import LocalGitHub
from tests.worker.service import Service, settings_for, valkey, working

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

BASE = {
    "app/__init__.py": '"""A shop."""\n',
    "app/prices.py": '"""Prices."""\n\n\ndef price() -> int:\n    """The price."""\n    return 1\n',
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pardon redis-py a pipeline that was cancelled: it warns although its pool closes it."""
    pardon = pytest.mark.filterwarnings("ignore:Unclosed client session:ResourceWarning")
    for item in items:
        if "redis_url" in getattr(item, "fixturenames", ()):
            item.add_marker(pardon)


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as github:
        yield github


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    yield from valkey(tmp_path)


@pytest.fixture
async def standing(
    github: LocalGitHub,
    redis_url: str,
    database_url: str,  # noqa: F811 the fixture imported above
    tmp_path: Path,
) -> AsyncGenerator[Service]:
    """A service whose worker does not run: deliveries are stored and nothing else happens."""
    app = github.apps.create(webhook_secret=SECRET)
    settings = settings_for(
        github, app, redis_url=redis_url, database_url=database_url, data_dir=tmp_path / "data"
    )
    github.repositories.create("alice/shop", BASE)
    database = Database(settings.database_url)
    with Served(create_app(settings)) as web:
        app.webhook_url = f"{web.url}/webhook"
        installation = github.apps.install(app, ["alice/shop"])
        await asyncio.to_thread(github.webhooks.wait)
        yield Service(github, app, installation, settings, database)
    await database.close()


@pytest.fixture
async def service(standing: Service) -> AsyncGenerator[Service]:
    """A service with a worker."""
    async with working(standing.settings):
        yield standing


@pytest.fixture
async def sandboxed(standing: Service) -> AsyncGenerator[Service]:
    """A service with a worker that analyses in child processes, as it does for its users."""
    async with working(standing.settings, sandboxed=True):
        yield standing
