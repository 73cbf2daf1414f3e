from collections.abc import AsyncIterator, Iterator

import pytest

from app.config import Settings
from tests.app.access.people import Site, site
from tests.app.conftest import database_url, postgresql_url, settings, sqlite_template
from tests.github import LocalGitHub

__all__ = ["database_url", "postgresql_url", "settings", "sqlite_template"]


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as local:
        yield local


@pytest.fixture
async def shop(settings: Settings, github: LocalGitHub) -> AsyncIterator[Site]:
    async with site(settings, github) as opened:
        yield opened
