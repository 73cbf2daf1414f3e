from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.config import Settings
from app.db import schema
from app.db.engine import Database
from app.db.schema import NoSchemaError, SchemaError
from app.models import Base
from tests.app.conftest import KINDS, POSTGRESQL
from tests.app.settings import make_settings


@pytest.fixture(params=KINDS)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a database without any table."""
    if request.param == "sqlite":
        return make_settings(data_dir=tmp_path / "data")
    from sqlalchemy import create_engine, make_url

    name = "backend_expert_migrations"
    url = make_url(POSTGRESQL).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    inside = url.update_query_dict({"options": f"-csearch_path={name}"})
    return make_settings(database_url=inside.render_as_string(hide_password=False))


def differences(connection: Connection) -> list[object]:
    return compare_metadata(MigrationContext.configure(connection), Base.metadata)


async def test_the_migrations_make_exactly_the_tables_of_the_models(bare: Settings):
    await schema.upgrade(bare)
    await schema.upgrade(bare)
    await schema.check(bare)

    database = Database(bare.database_url)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_a_database_without_tables_is_told_from_an_old_one(bare: Settings):
    with pytest.raises(NoSchemaError, match="no tables yet"):
        await schema.check(bare)


async def test_an_old_database_is_named_in_the_check(bare: Settings):
    await schema.upgrade(bare)
    await _set_revision(bare, "0000")

    with pytest.raises(SchemaError, match=f"schema 0000 and this version needs {schema.newest()}"):
        await schema.check(bare)


def test_the_newest_revision_is_the_head_of_alembic():
    scripts = ScriptDirectory.from_config(Config(schema.ALEMBIC_INI))

    assert schema.newest() == scripts.get_current_head()


async def test_a_database_of_a_newer_version_is_refused(bare: Settings):
    await schema.upgrade(bare)
    await _set_revision(bare, "9999")

    for look in (schema.check, schema.upgrade):
        with pytest.raises(SchemaError, match="schema 9999, which a newer version wrote"):
            await look(bare)


async def _set_revision(settings: Settings, revision: str) -> None:
    database = Database(settings.database_url)
    async with database.write() as session:
        statement = text("UPDATE alembic_version SET version_num = :revision")
        await session.execute(statement, {"revision": revision})
    await database.close()
