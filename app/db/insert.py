"""INSERT with ON CONFLICT, in the dialect of the session's database."""

from collections.abc import Callable

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base

type Insert = postgresql.Insert | sqlite.Insert


def insert_into(session: AsyncSession, table: type[Base]) -> Insert:
    """An INSERT that has `on_conflict_do_update`; SQLite and PostgreSQL spell it the same."""
    return _insert(session.get_bind().dialect.name)(table)


def insert_on(connection: Connection, table: Table) -> Insert:
    """The same for a table on a connection, without the objects of the ORM."""
    return _insert(connection.dialect.name)(table)


def _insert(dialect: str) -> Callable[[Table | type[Base]], Insert]:
    return sqlite.insert if dialect == "sqlite" else postgresql.insert
