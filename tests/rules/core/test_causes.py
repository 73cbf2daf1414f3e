"""What a change makes true of files that it does not touch, and which of its lines did it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.core.config import Config
from rules.core.review import review
from tests.rules.trees import change_of

if TYPE_CHECKING:
    from rules.core.findings import Review

type Texts = dict[str, str | bytes | None]


def reviewed(base: Texts, changed: Texts, *codes: str) -> Review:
    return review(change_of(base, base | changed), Config(select=codes))


def told(result: Review) -> list[tuple[str, int, tuple[str, int] | None]]:
    return [
        (f.path, f.line, (f.cause.path, f.cause.line) if f.cause else None) for f in result.findings
    ]


LOW = "import requests\n\n\ndef ask(url: str) -> bytes:\n    return requests.get(url, timeout=5).content\n"
HELPER = "from app import low\n\n\ndef price(url: str) -> bytes:\n    return {}\n"
API = (
    "from app.prices import price\n\n\nasync def quote(url: str) -> bytes:\n    return price(url)\n"
)


def test_an_unchanged_caller_of_a_helper_that_now_blocks_is_told_with_the_changed_line() -> None:
    base: Texts = {
        "app/low.py": LOW,
        "app/prices.py": HELPER.format("b''"),
        "app/api.py": API,
    }

    result = reviewed(base, {"app/prices.py": HELPER.format("low.ask(url)")}, "ASY102")

    assert told(result) == [("app/api.py", 5, ("app/prices.py", 5))]
    assert [step.path for step in result.findings[0].trace] == ["app/prices.py", "app/low.py"]
    assert result.reviewed == 1


def test_a_caller_of_a_helper_that_no_longer_blocks_is_repaired_without_a_touch() -> None:
    base: Texts = {
        "app/low.py": LOW,
        "app/prices.py": HELPER.format("low.ask(url)"),
        "app/api.py": API,
    }

    result = reviewed(base, {"app/prices.py": HELPER.format("b''")}, "ASY102")

    assert [(f.path, f.line) for f in result.fixed] == [("app/api.py", 5)]
    assert result.findings == ()


def test_a_function_that_becomes_a_coroutine_is_told_where_nobody_awaits_it() -> None:
    base: Texts = {
        "app/mail.py": "def send(to: str) -> None: ...\n",
        "app/orders.py": "from app.mail import send\n\n\nasync def order(to: str) -> None:\n    send(to)\n",
    }

    result = reviewed(base, {"app/mail.py": "async def send(to: str) -> None: ...\n"}, "ASY104")

    assert told(result) == [("app/orders.py", 5, ("app/mail.py", 1))]


ROUTES = """from fastapi import APIRouter

router = APIRouter()


@router.post("/one")
def one(): ...
"""
SAFE = "".join(
    f'@app.post("/safe{n}")\ndef safe{n}(user=Depends(current_user)): ...\n\n\n' for n in range(9)
)
MAIN = """from fastapi import Depends, FastAPI

from app import routes, users

app = FastAPI()


def current_user() -> str: ...


{safe}app.include_router(
    routes.router,
    {depends}
)
"""


def test_a_dependency_that_is_taken_from_a_router_is_told_at_the_route_with_the_include() -> None:
    base: Texts = {
        "app/routes.py": ROUTES,
        "app/users.py": "",
        "app/main.py": MAIN.format(safe=SAFE, depends="dependencies=[Depends(current_user)],"),
    }

    result = reviewed(base, {"app/main.py": MAIN.format(safe=SAFE, depends="tags=[],")}, "SEC115")

    assert told(result) == [("app/routes.py", 7, ("app/main.py", 49))]


LIST = """from fastapi import APIRouter

router = APIRouter()


@router.get("/{path}")
def {name}(): ...
"""
TWO = "from fastapi import FastAPI\n\nfrom app import items, special\n\napp = FastAPI()\n{}\n"
ITEMS = 'app.include_router(items.router, prefix="/items")'
SPECIAL = 'app.include_router(special.router, prefix="/items")'


def test_two_routers_in_another_order_shadow_a_route_of_a_third_file() -> None:
    base: Texts = {
        "app/items.py": LIST.format(path="{item}", name="item").replace("()", "(item: str)", 1),
        "app/special.py": LIST.format(path="best", name="best"),
        "app/main.py": TWO.format(f"{SPECIAL}\n{ITEMS}"),
    }
    base["app/items.py"] = (
        'from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n@router.get("/{item}")\ndef item(item: str): ...\n'
    )

    result = reviewed(base, {"app/main.py": TWO.format(f"{ITEMS}\n{SPECIAL}")}, "FAS106")

    assert [finding.path for finding in result.findings] == ["app/special.py"]


MODEL = """from sqlalchemy import Column, Index, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Trade(Base):
    __tablename__ = "trades"
    {arguments}
    id = Column(Integer, primary_key=True)
    wallet = Column(String)
"""
STORE = """from sqlalchemy import select

from app.models import Trade


def of_wallet(session, wallet):
    return session.scalars(select(Trade).where(Trade.wallet == wallet)).all()
"""
MIGRATION = """from alembic import op

revision = "{}"
down_revision = {}


def upgrade():
    op.{}
"""


def test_a_dropped_index_is_told_at_the_query_with_the_operation_that_drops_it() -> None:
    base: Texts = {
        "app/models.py": MODEL.format(arguments=""),
        "app/store.py": STORE,
        "migrations/a.py": MIGRATION.format(
            "a", "None", 'create_index("by_wallet", "trades", ["wallet"])'
        ),
    }
    dropped = MIGRATION.format("b", '"a"', 'drop_index("by_wallet", table_name="trades")')

    result = reviewed(base, {"migrations/b.py": dropped}, "SQL101")

    assert told(result) == [("app/store.py", 7, ("migrations/b.py", 8))]


def test_an_index_that_leaves_the_model_is_told_at_the_query() -> None:
    arguments = '__table_args__ = (Index("by_wallet", "wallet"),)'
    base: Texts = {"app/models.py": MODEL.format(arguments=arguments), "app/store.py": STORE}

    result = reviewed(
        base, {"app/models.py": MODEL.format(arguments="__abstract__ = False")}, "SQL101"
    )

    assert told(result) == [("app/store.py", 7, ("app/models.py", 9))]


def test_a_column_that_leaves_a_script_is_told_where_it_is_asked_for() -> None:
    base: Texts = {
        "db/schema.sql": "CREATE TABLE trades (\n  id INTEGER PRIMARY KEY,\n  size REAL\n);\n",
        "app/store.py": (
            "import sqlite3\n\n\ndef sizes(db: sqlite3.Connection):\n"
            '    return db.execute("SELECT size FROM trades").fetchall()\n'
        ),
    }
    change: Texts = {
        "db/schema.sql": "CREATE TABLE trades (\n  id INTEGER PRIMARY KEY,\n  amount REAL\n);\n"
    }

    result = reviewed(base, change, "SQL115")

    assert told(result) == [("app/store.py", 5, ("db/schema.sql", 3))]


def test_what_is_removed_from_a_function_is_the_cause_of_what_it_leaves_behind() -> None:
    text = (
        "import requests\n\n\ndef ask(url: str) -> None:\n    answer = requests.get(url, timeout=5)\n"
        "{}    print(answer.json())\n"
    )
    base: Texts = {"app/a.py": text.format("    answer.raise_for_status()\n")}

    result = reviewed(base, {"app/a.py": text.format("    print('asked')\n")}, "API102")

    assert [(f.line, f.new, f.cause and f.cause.line) for f in result.findings] in (
        [(5, False, 6)],
        [(7, False, 6)],
    )


def test_nothing_is_said_of_files_that_use_nothing_of_what_changed() -> None:
    base: Texts = {
        "app/low.py": LOW,
        "app/prices.py": HELPER.format("low.ask(url)"),
        "app/api.py": API,
    }

    result = reviewed(
        base, {"app/low.py": LOW + "\n\ndef other() -> int:\n    return 1\n"}, "ASY102"
    )

    assert (result.findings, result.fixed, result.notes) == ((), (), ())
