"""How Alembic reaches the database: over the connection it is given, or over the settings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alembic import context

from app.models import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_with_settings() -> None:
    from app.config import load
    from app.db.engine import Database

    database = Database(load().database_url)
    try:
        async with database.exclusive() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


given: Connection | None = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_with_settings())
else:
    run(given)
