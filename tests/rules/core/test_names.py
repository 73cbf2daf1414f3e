"""Names resolve through imports, assignments and annotations, never by spelling."""

from __future__ import annotations

import ast
import textwrap

import pytest

from rules.core.source import SourceFile


def called(text: str, path: str = "app/services/prices.py") -> dict[str, str | None]:
    """What each call in a text turns out to call, by the text of the callee."""
    file = SourceFile(path, textwrap.dedent(text))
    return {ast.unparse(call.func): file.qualified_name(call.func) for call in file.of(ast.Call)}


@pytest.mark.parametrize(
    ("text", "callee", "name"),
    [
        ("import time\ntime.sleep(1)", "time.sleep", "time.sleep"),
        ("import time as t\nt.sleep(1)", "t.sleep", "time.sleep"),
        ("from time import sleep as pause\npause(1)", "pause", "time.sleep"),
        ("import os.path as p\np.join('a')", "p.join", "os.path.join"),
        ("from . import http\nhttp.get('u')", "http.get", "app.services.http.get"),
        ("from ..db import connect\nconnect()", "connect", "app.db.connect"),
        ("import requests\nget = requests.get\nget('u')", "get", "requests.get"),
        ("open('a')", "open", "open"),
        ("def open(name): ...\nopen('a')", "open", "app.services.prices.open"),
        (
            "import httpx\nclient = httpx.Client()\nclient.get('u')",
            "client.get",
            "httpx.Client.get",
        ),
        (
            "import sqlite3\nwith sqlite3.connect('a') as db:\n    db.execute('x')",
            "db.execute",
            "sqlite3.Connection.execute",
        ),
        (
            (
                "import aiosqlite\nasync def f():\n    async with aiosqlite.connect('a') as db:\n"
                "        await db.execute('x')"
            ),
            "db.execute",
            "aiosqlite.Connection.execute",
        ),
        (
            "import httpx\nasync def f(http: httpx.AsyncClient | None):\n    await http.get('u')",
            "http.get",
            "httpx.AsyncClient.get",
        ),
        (
            (
                "from typing import Annotated\nfrom sqlmodel import Session\n"
                "SessionDep = Annotated[Session, 1]\ndef f(db: SessionDep):\n    db.execute('x')"
            ),
            "db.execute",
            "sqlalchemy.orm.Session.execute",
        ),
        (
            "import functools, time\nnap = functools.partial(time.sleep, 1)\nnap()",
            "nap",
            "time.sleep",
        ),
        (
            (
                "from sqlalchemy.orm import sessionmaker\nS = sessionmaker()\n"
                "def f():\n    with S() as s:\n        s.execute('x')"
            ),
            "s.execute",
            "sqlalchemy.orm.Session.execute",
        ),
        (
            (
                "from sqlalchemy.orm import sessionmaker\nfrom sqlalchemy.ext.asyncio import AsyncSession"
                "\nS = sessionmaker(class_=AsyncSession)\ns = S()\ns.commit()"
            ),
            "s.commit",
            "sqlalchemy.ext.asyncio.AsyncSession.commit",
        ),
        (
            "import httpx\ndef make() -> httpx.AsyncClient: ...\nmake().get('u')",
            "make().get",
            "httpx.AsyncClient.get",
        ),
        (
            "def f(client: 'httpx.Client'):\n    client.get('u')\nimport httpx",
            "client.get",
            "httpx.Client.get",
        ),
        ("def f(client):\n    client.get('u')", "client.get", None),
    ],
)
def test_a_callee_is_named_by_what_it_is(text: str, callee: str, name: str | None) -> None:
    assert called(text)[callee] == name


def test_an_attribute_set_in_init_is_known_in_every_method() -> None:
    text = """
        import requests

        class Base:
            def __init__(self):
                self.http = requests.Session()

        class Client(Base):
            def get(self):
                return self.http.get("u")
    """
    assert called(text)["self.http.get"] == "requests.Session.get"


def test_the_last_assignment_before_a_use_counts() -> None:
    text = """
        import httpx, requests

        def f():
            client = requests.Session()
            client.get("a")
            client = httpx.Client()
            client.post("b")
    """
    assert called(text)["client.get"] == "requests.Session.get"
    assert called(text)["client.post"] == "httpx.Client.post"


def test_a_value_in_a_container_is_named_by_its_annotation() -> None:
    text = """
        import httpx
        from collections.abc import Iterable

        class Pool:
            clients: dict[str, httpx.Client] = {}

            def all(self, more: Iterable[httpx.AsyncClient], names: list[str]):
                for name, client in self.clients.items():
                    name.get("a")
                    client.get("a")
                for other in more:
                    other.post("b")
                for title in names:
                    title.strip()
                self.clients["c"].put("c")
                self.clients.get("d").patch("d")
    """
    found = called(text)
    assert found["client.get"] == "httpx.Client.get"
    assert found["name.get"] is None
    assert found["other.post"] == "httpx.AsyncClient.post"
    assert found["title.strip"] is None
    assert found["self.clients['c'].put"] == "httpx.Client.put"
    assert found["self.clients.get('d').patch"] == "httpx.Client.patch"


def test_a_name_that_is_defined_by_itself_ends() -> None:
    assert called("x = x.y\nx.go()")["x.go"] is None


def test_calls_are_found_by_the_last_name_behind_an_alias() -> None:
    file = SourceFile("a.py", "from time import sleep as nap\nimport time\nnap(1)\ntime.sleep(2)\n")
    assert sorted(call.lineno for call in file.calls("sleep")) == [3, 4]
