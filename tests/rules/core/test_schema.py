from __future__ import annotations

import time
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from rules.core.config import Config
from rules.core.facts import ModuleFacts, facts_of
from rules.core.project import Project
from rules.core.review import review
from rules.core.schema.extraction import schema_facts_of_sql
from rules.core.schema.tables import Schema, schema_of
from rules.core.schema.texts import statements_in
from rules.core.source import SourceFile
from rules.core.sql.chains import statements
from rules.core.sql.index_advice import advice
from rules.core.sql.planner import Planner
from rules.core.sql.rendering import render
from tests.rules.trees import everything_new

if TYPE_CHECKING:
    from rules.core.schema.tables import Table
    from rules.core.sql.index_advice import Advice

BASE = """
from sqlalchemy import or_, select, update, delete, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, aliased

class Base(DeclarativeBase):
    pass
"""


def linked(**texts: str) -> tuple[Project, dict[str, SourceFile]]:
    files = {name: SourceFile(f"app/{name}.py", dedent(text)) for name, text in texts.items()}
    project = Project.of_files(files.values())
    for file in files.values():
        file.project = project
    return project, files


def table_of(text: str, class_: str = "Trade") -> Table | None:
    project, _ = linked(models=BASE + dedent(text))
    return schema_of(project).table(f"app.models.{class_}")


def advices(text: str) -> list[Advice]:
    project, files = linked(models=BASE + dedent(text))
    schema, file = schema_of(project), files["models"]
    rendered = [render(found.facts, schema, file.module) for found in statements(file)]
    return [found for item in rendered if item and (found := advice(project, item))]


def test_a_model_becomes_a_table_with_its_keys_and_indexes() -> None:
    table = table_of("""
        class Trade(Base):
            __tablename__ = "trades"
            __table_args__ = (Index("by_pair", "pair", "side"), UniqueConstraint("external"))

            id: Mapped[int] = mapped_column(primary_key=True)
            pair: Mapped[str]
            side: Mapped[str] = mapped_column("direction", String(4))
            external: Mapped[str | None]
            market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"), index=True)
    """)

    assert table is not None
    assert table.definitions == (
        (
            'CREATE TABLE "trades" ("id" INTEGER, "pair" TEXT, "direction" TEXT, "external" TEXT, '
            '"market_id" INTEGER, PRIMARY KEY ("id"))'
        ),
        'CREATE INDEX "trades 1" ON "trades" ("market_id")',
        'CREATE INDEX "trades 2" ON "trades" ("pair", "direction")',
        'CREATE UNIQUE INDEX "trades 3" ON "trades" ("external")',
    )
    assert table.columns["market_id"].foreign == "markets.id"


def test_columns_of_mixins_and_the_naming_of_a_base_are_inherited() -> None:
    table = table_of("""
        from sqlalchemy.orm import declared_attr

        class Named(Base):
            __abstract__ = True

            @declared_attr.directive
            def __tablename__(cls) -> str:
                return cls.__name__.lower()

        class Owned:
            owner: Mapped[str] = mapped_column(index=True)

        class Trade(Owned, Named):
            id: Mapped[int] = mapped_column(primary_key=True)
    """)

    assert table is not None
    assert (table.name, sorted(table.columns)) == ("trade", ["id", "owner"])


def test_a_computed_table_args_leaves_the_table_unsure() -> None:
    table = table_of("""
        class Trade(Base):
            __tablename__ = "trades"
            __table_args__ = make_arguments()

            id: Mapped[int] = mapped_column(primary_key=True)
    """)

    assert table is not None
    assert table.unsure == {"*"}


def test_migrations_are_applied_in_the_order_of_their_revisions() -> None:
    project, _ = linked(
        models=BASE
        + dedent("""
            class Trade(Base):
                __tablename__ = "trades"
                id: Mapped[int] = mapped_column(primary_key=True)
                pair: Mapped[str]
                market: Mapped[str]
        """),
        b_first="""
            from alembic import op
            revision = "1"
            down_revision = None
            def upgrade():
                op.create_index("by_pair", "trades", ["pair"])
                with op.batch_alter_table("trades") as batch_op:
                    batch_op.create_index(batch_op.f("by_market"), ["market"])
            def downgrade():
                op.drop_index("by_pair", table_name="trades")
        """,
        a_second="""
            from alembic import op
            revision = "2"
            down_revision = "1"
            def upgrade():
                op.drop_index("by_market", table_name="trades")
        """,
    )

    table = schema_of(project).table("app.models.Trade")

    assert table is not None
    assert table.definitions[1:] == ('CREATE INDEX "trades 1" ON "trades" ("pair")',)


def test_texts_in_python_and_sql_files_make_tables() -> None:
    script = "-- the markets\nCREATE TABLE markets (id INTEGER PRIMARY KEY, slug TEXT);\n"
    script += "ALTER TABLE markets ADD COLUMN open INTEGER; CREATE INDEX s ON markets (slug);"
    facts = ModuleFacts("db/schema.sql", "db/schema.sql", schema=schema_facts_of_sql("x", script))

    table = Schema(Project([facts])).named("markets", "app/a.py")

    assert table is not None
    assert (sorted(table.columns), len(table.definitions), table.whole, table.line) == (
        ["id", "open", "slug"], 3, True, 2,
    )  # fmt: skip


def test_a_table_that_two_files_define_differently_is_known_only_to_them() -> None:
    project, _ = linked(
        one='SCHEMA = "CREATE TABLE trades (id INTEGER PRIMARY KEY, a TEXT)"',
        two='SCHEMA = "CREATE TABLE trades (id INTEGER PRIMARY KEY, b TEXT)"',
    )
    schema = schema_of(project)

    assert schema.named("trades", "app/three.py") is None
    own = schema.named("trades", "app/two.py")
    assert own is not None
    assert sorted(own.columns) == ["b", "id"]


def test_facts_survive_the_cache() -> None:
    file = SourceFile(
        "app/models.py",
        BASE
        + dedent("""
            class Trade(Base):
                __tablename__ = "trades"
                id: Mapped[int] = mapped_column(primary_key=True)
            def of(session, pair):
                return session.scalars(select(Trade).where(Trade.id == pair).limit(1))
        """),
    )
    facts = facts_of(file)

    again = ModuleFacts.loads(facts.dumps())

    assert again is not None
    assert again.schema == facts.schema
    assert again.schema.statements[0].conditions == (("{t0.id} = ?", True),)


QUERIES = """
class Market(Base):
    __tablename__ = "markets"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)

class Trade(Base):
    __tablename__ = "trades"
    id: Mapped[int] = mapped_column(primary_key=True)
    market_id: Mapped[int] = mapped_column(ForeignKey("markets.id"))
    pair: Mapped[str] = mapped_column(index=True)
    wallet: Mapped[str]
    side: Mapped[str]
    slug: Mapped[str]
    is_open: Mapped[bool]
    opened_at: Mapped[datetime]

def by_slug(session, slug):
    return session.scalars(select(Market).where(Market.slug == slug))

def by_join(session, code):
    return session.scalars(select(Trade).join(Market).where(Market.code == code))

def forget(session, wallet):
    session.execute(delete(Trade).where(Trade.wallet == wallet))

def old_style(session, wallet):
    return session.query(Trade).filter(Trade.wallet == wallet, Trade.is_open.is_(True)).all()

def newest(session):
    return session.scalars(select(Trade).order_by(Trade.opened_at.desc()).limit(10))

def since(session, start):
    return session.scalars(select(Trade).where(Trade.opened_at >= start))


def newest_of(session, market):
    query = select(Trade).where(Trade.market_id == market, Trade.is_open.is_(True))
    return session.scalars(query.order_by(Trade.opened_at.desc()).limit(10))

def newest_open(session, side):
    query = select(Trade).where(Trade.side == side)
    return session.scalars(query.order_by(Trade.opened_at.desc(), Trade.pair).limit(10))

def since_of(session, wallet, start):
    return session.scalars(select(Trade).where(Trade.wallet == wallet, Trade.opened_at >= start))

def either(session, wallet, market):
    return session.scalars(select(Trade).where(or_(Trade.wallet == wallet, Trade.market_id == market)))

def both_sides(session, wallet):
    query = select(Trade).join(Market, Market.slug == Trade.slug).where(Trade.wallet == wallet)
    return session.scalars(query)
"""


def test_every_index_that_is_proposed_changes_the_plan() -> None:
    found = advices(QUERIES)

    assert [
        (item.table.name, item.use, [one.columns for one in item.indexes]) for item in found
    ] == [
        ("markets", "equality", [("slug",)]),
        ("trades", "equality", [("market_id",)]),
        ("trades", "equality", [("wallet",)]),
        ("trades", "equality", [("wallet",)]),
        ("trades", "order", [("opened_at",)]),
        ("trades", "range", [("opened_at",)]),
        ("trades", "sort", [("market_id", "opened_at")]),
        ("trades", "sort", [("side", "opened_at DESC", "pair")]),
        ("trades", "equality", [("wallet", "opened_at")]),
        ("trades", "equality", [("market_id",), ("wallet",)]),
        ("trades", "equality", [("wallet",), ("slug",)]),
    ]
    for item in found:
        assert item.before != item.after
        planner = Planner([*item.table.definitions, item.indexes[0].sql])
        assert planner.refused == []


def test_a_query_that_an_index_or_key_answers_is_left_alone() -> None:
    found = advices(
        QUERIES.partition("def by_slug")[0]
        + dedent("""
            def by_pair(session, pair, wallet):
                return session.scalars(select(Trade).where(Trade.pair == pair, Trade.wallet == wallet))

            def of_id(session, id):
                return session.scalars(select(Trade).where(Trade.id == id))

            def all_open(session):
                return session.scalars(select(Trade).where(Trade.is_open.is_(True)))

            def everything(session):
                return session.scalars(select(Trade))

            def maybe(session, pair, wallet):
                query = select(Trade).where(Trade.wallet == wallet)
                if pair:
                    query = query.where(Trade.pair == pair)
                return session.scalars(query)

            def computed(session, wallet):
                return session.scalars(select(Trade).where(func.lower(Trade.wallet) == wallet))

            def helped(session, wallet):
                query = select(Trade).where(Trade.wallet == wallet)
                query = narrowed(query)
                return session.scalars(query)
        """)
    )

    assert found == []


def test_a_review_reads_the_schema_from_sql_files() -> None:
    texts = {
        "db/schema.sql": "CREATE TABLE trades (id INTEGER PRIMARY KEY, market TEXT);",
        "app/trades.py": dedent("""
            import sqlite3

            def of_market(db: sqlite3.Connection, market: str):
                return db.execute("SELECT id FROM trades WHERE market = ?", (market,)).fetchall()
        """),
    }

    result = review(everything_new(texts), Config(select=("SQL101",)))

    assert [(found.path, found.line, found.trace[0].path) for found in result.findings] == [
        ("app/trades.py", 5, "db/schema.sql")
    ]


@pytest.mark.parametrize("script", ["'" + ";" * 190_000, "CREATE TABLE t (" + ";\n" * 90_000])
def test_a_script_without_end_is_given_up_soon(script: str) -> None:
    started = time.process_time()

    list(statements_in(f"create table {script}"))

    assert time.process_time() - started < 2
