"""Real databases for every test of the app: SQLite always, PostgreSQL when it is given."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from app.config import Settings
from app.db import schema
from app.db.engine import Database
from app.models import Base
from tests.app.settings import make_settings

POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "")
RESTART = """
SELECT setval(oid, 1, false) FROM pg_class
WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace
"""
KINDS = ["sqlite", "postgresql"] if POSTGRESQL else ["sqlite"]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    asyncio.run(schema.upgrade(make_settings(database_url=f"sqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    # A name of its own: the fixture is made once for each conftest that takes it.
    name = f"backend_expert_test_{uuid.uuid4().hex[:12]}"
    inside = make_url(POSTGRESQL).set(drivername="postgresql+psycopg")
    inside = inside.update_query_dict({"options": f"-csearch_path={name}"})
    engine = create_engine(inside)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = inside.render_as_string(hide_password=False)
    asyncio.run(schema.upgrade(make_settings(database_url=url)))
    yield url
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with all tables."""
    if request.param == "sqlite":
        path = tmp_path / "test.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite+aiosqlite:///{path}"
    url = request.getfixturevalue("postgresql_url")
    _empty(url)
    return url


def _empty(url: str) -> None:
    """Delete all rows and count from one again, which for few rows is quicker than TRUNCATE."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(text(RESTART))
    engine.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return make_settings(database_url=database_url, data_dir=tmp_path)
