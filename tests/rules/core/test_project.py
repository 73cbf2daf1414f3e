"""What one file knows of the others."""

from __future__ import annotations

import ast

import pytest

from rules.core.facts import ModuleFacts, facts_of
from rules.core.project import Project
from rules.core.rule import Step
from rules.core.source import SourceFile

FILES = {
    "backend/app/__init__.py": "",
    "backend/app/http.py": (
        "import httpx, requests\n"
        "client = httpx.AsyncClient()\n"
        "class Base:\n"
        "    def fetch(self): return self._go()\n"
        "    def _go(self): return requests.get('x')\n"
        "class Service(Base):\n"
        "    def run(self): self.fetch()\n"
        "    async def arun(self): ...\n"
        "def get_service() -> Service: return Service()\n"
    ),
    "backend/app/markets/__init__.py": (
        "from app.http import Service as Prices\nfrom .routes import router\n"
    ),
    "backend/app/deps.py": (
        "from typing import Annotated\nfrom fastapi import Depends\n"
        "def user(): ...\nUser = Annotated[str, Depends(user)]\n"
    ),
    "backend/app/markets/routes.py": (
        "from fastapi import APIRouter, Depends\n"
        "from ..http import get_service, client\n"
        "from app.markets import Prices\n"
        "from app.deps import User\n"
        "router = APIRouter(prefix='/markets')\n"
        "@router.get('/{id}')\n"
        "async def market(id: int, who: User, prices: Prices = Depends(get_service)):\n"
        "    prices.run()\n"
        "    get_service().run()\n"
        "    await client.get('z')\n"
    ),
    "backend/app/main.py": (
        "from fastapi import FastAPI, Depends\n"
        "from app.markets import router\n"
        "def limit(): ...\n"
        "app = FastAPI()\n"
        "app.include_router(router, prefix='/api', dependencies=[Depends(limit)])\n"
    ),
}


def linked() -> tuple[Project, dict[str, SourceFile]]:
    files = {path: SourceFile(path, text) for path, text in FILES.items()}
    project = Project(facts_of(file) for file in files.values())
    for file in files.values():
        file.project = project
    return project, files


def test_facts_survive_a_cache() -> None:
    for path, text in FILES.items():
        facts = facts_of(SourceFile(path, text))
        assert ModuleFacts.loads(facts.dumps()) == facts


def test_damaged_facts_are_refused() -> None:
    data = facts_of(SourceFile("a.py", "x = 1")).dumps()
    assert ModuleFacts.loads(data[:-1]) is None
    assert ModuleFacts.loads(data[:20] + b"?" + data[21:]) is None
    assert ModuleFacts.loads(b"") is None


def test_names_resolve_across_imports_reexports_and_results() -> None:
    _, files = linked()
    routes = files["backend/app/markets/routes.py"]
    names = {ast.unparse(c.func): routes.qualified_name(c.func) for c in routes.of(ast.Call)}
    assert names["prices.run"] == "backend.app.http.Service.run"
    assert names["get_service().run"] == "backend.app.http.Service.run"
    assert names["client.get"] == "httpx.AsyncClient.get"


def test_the_way_to_a_blocking_call_leads_through_inherited_methods() -> None:
    project, _ = linked()
    assert project.calls.reach("backend.app.http.Service.run", "blocking") == (
        Step("backend/app/http.py", 7, "`Service.run` calls `Base.fetch`"),
        Step("backend/app/http.py", 4, "`Base.fetch` calls `Base._go`"),
        Step("backend/app/http.py", 5, "`Base._go` calls `requests.get`"),
    )
    assert project.calls.effect("backend.app.http.Service.run", "blocking") == "requests.get"
    assert project.calls.reach("backend.app.http.Service.arun", "blocking") == ()


def test_the_async_callers_of_a_helper_are_found_backwards() -> None:
    project, _ = linked()
    assert project.calls.async_callers("backend.app.http.Base._go", 3) == [
        "backend.app.markets.routes.market"
    ]
    assert project.calls.async_callers("backend.app.http.Base._go", 1) == []


def test_an_endpoint_has_the_prefixes_and_dependencies_of_all_its_routers() -> None:
    project, _ = linked()
    (endpoint,) = project.endpoints
    assert endpoint.path == "/api/markets/{id}"
    assert endpoint.depends == (
        "backend.app.deps.user",
        "backend.app.http.get_service",
        "backend.app.main.limit",
    )
    assert endpoint.app == "backend.app.main.app"


def test_an_import_names_the_module_and_the_line() -> None:
    project, _ = linked()
    assert project.imports["backend.app.markets.routes"] == {
        "backend.app.http": 2,
        "backend.app.markets": 3,
        "backend.app.deps": 4,
    }


def test_a_thread_ends_the_way_to_a_blocking_call() -> None:
    text = (
        "import asyncio, time\n"
        "def nap(): time.sleep(1)\n"
        "def start(loop): loop.run_in_executor(None, lambda: nap())\n"
        "async def go(): await asyncio.to_thread(nap)\n"
    )
    project = Project([facts_of(SourceFile("a.py", text))])
    assert project.calls.reach("a.nap", "blocking") != ()
    assert project.calls.reach("a.start", "blocking") == ()
    assert project.calls.async_callers("a.nap", 3) == []


def test_names_of_the_standard_library_are_not_taken_for_files_beside() -> None:
    files = {
        "app/logging.py": "def getLogger(): ...",
        "app/main.py": "import logging\nlogging.getLogger()",
    }
    project = Project(facts_of(SourceFile(path, text)) for path, text in files.items())
    assert project.resolve("logging.getLogger", "app.main") == "logging.getLogger"


def test_modules_that_import_each_other_end() -> None:
    files = {"a.py": "from b import x", "b.py": "from a import x"}
    project = Project(facts_of(SourceFile(path, text)) for path, text in files.items())
    assert project.resolve("b.x", "a") in {"a.x", "b.x"}


def test_an_alias_of_a_type_that_holds_itself_ends() -> None:
    text = "from fastapi import APIRouter\n\nrouter = APIRouter()\n"
    text += "Json = str | list['Json']\nJson = Json | None | Json | Json\n\n\n"
    text += "@router.get('/')\ndef get(json: Json): ...\n"

    assert facts_of(SourceFile("app/a.py", text)).annotated == ()


def test_two_versions_share_what_no_changed_file_decides() -> None:
    common = {
        "shop/app.py": "from shop.kit import Client, make\nimport httpx\n",
        "shop/kit.py": "from shop.clients import Client\nfrom shop.makers import make\n",
        "shop/clients.py": "class Base:\n    def send(self): ...\n\nclass Client(Base): ...\n",
    }
    facts = {path: facts_of(SourceFile(path, text)) for path, text in common.items()}
    versions = [
        facts_of(SourceFile("shop/makers.py", f"import httpx\ndef make() -> {made}: ...\n"))
        for made in ("httpx.Client", "httpx.AsyncClient")
    ]
    names = ("shop.kit.Client.send", "shop.kit.make().get", "shop.kit.make", "httpx.get")
    apart = [Project([*facts.values(), version]) for version in versions]
    together = [Project([*facts.values(), version]) for version in versions]
    together[1].share(together[0])

    answers = [[project.resolve(name, "shop.app") for name in names] for project in together]

    assert answers == [[project.resolve(name, "shop.app") for name in names] for project in apart]
    assert [answer[1] for answer in answers] == ["httpx.Client.get", "httpx.AsyncClient.get"]


def test_two_versions_link_alike_what_no_changed_file_decides() -> None:
    common = {
        "shop/app.py": (
            "from shop.kit import Client, make\nfrom shop.feed import Feed\n"
            "def fetch():\n    make().get('https://example.com')\n"
            "def send():\n    Client().send()\n"
            "def read():\n    Feed()\n"
        ),
        "shop/kit.py": "from shop.clients import Client\nfrom shop.makers import make\n",
        "shop/clients.py": "class Client:\n    def send(self): ...\n",
        "shop/feed.py": "from shop.makers import Source\nclass Feed(Source): ...\n",
    }
    facts = [facts_of(SourceFile(path, text)) for path, text in common.items()]
    versions = [
        facts_of(SourceFile("shop/makers.py", f"import httpx\nimport time\n{text}"))
        for text in (
            "def make() -> httpx.Client: ...\nclass Source:\n    def __init__(self): ...\n",
            "def make() -> httpx.AsyncClient: ...\nclass Source: ...\n",
        )
    ]
    apart = [Project([*facts, version]) for version in versions]
    together = [Project([*facts, version]) for version in versions]
    together[1].share(together[0])

    def linked(project: Project) -> list[object]:
        called = ("shop.clients.Client.send", "shop.makers.Source.__init__")
        return [
            *(sorted(name for name, _ in project.calls.to(one)) for one in called),
            project.calls.effect("shop.app.fetch", "blocking"),
        ]

    assert [linked(project) for project in together] == [linked(project) for project in apart]
    assert [linked(project) for project in apart] == [
        [["shop.app.send"], ["shop.app.read"], "httpx.Client.get"],
        [["shop.app.send"], [], ""],
    ]


@pytest.mark.parametrize(
    "added",
    [
        {"shop/kit.py": "import time\ndef make() -> int: ...\ndef nap():\n    time.sleep(1)\n"},
        {"shop/stock.py": "def count(): ...\n"},
        {"shop/kit/__init__.py": "from shop.rates import make\n", "shop/kit/parts.py": ""},
        {"time.py": "def sleep(seconds): ...\n"},
        {"shop/__init__.py": "from shop.app import run\n"},
    ],
)
def test_versions_with_other_files_differ_in_what_these_decide(added: dict[str, str]) -> None:
    common = {
        "shop/app.py": (
            "from shop.kit import make, nap\nfrom shop.rates import rate\nimport shop.kit\n"
            "def run():\n    nap()\n    rate()\n    shop.kit.make()\n"
        ),
        "shop/rates.py": "import time\ndef rate():\n    time.sleep(1)\ndef make() -> str: ...\n",
    }
    one, other = (
        [facts_of(SourceFile(path, text)) for path, text in files.items()]
        for files in (common, common | added)
    )
    kept = {facts.path: facts for facts in one}
    other = [kept.get(facts.path, facts) for facts in other]
    names = (
        "shop.kit.make()",
        "shop.kit.nap",
        "shop.rates.rate",
        "time.sleep",
    )

    def told(project: Project) -> list[object]:
        return [
            *(project.resolve(name, "shop.app") for name in names),
            *(sorted(caller for caller, _ in project.calls.to(name)) for name in names),
            project.calls.reach("shop.app.run", "blocking"),
        ]

    before, after = Project(one), Project(other)
    after.share(before)
    assert [told(before), told(after)] == [told(Project(one)), told(Project(other))]
    after, before = Project(other), Project(one)
    before.share(after)
    assert [told(after), told(before)] == [told(Project(other)), told(Project(one))]


@pytest.mark.parametrize("first", ["before", "after"])
def test_a_method_called_like_a_function_of_a_new_module_is_not_taken_for_it(first: str) -> None:
    common = {
        "shop/__init__.py": (
            "from kit import make\n"
            "class feed:\n    def read(self):\n        make().get('https://example.com')\n"
        ),
        "kit.py": "import httpx\ndef make() -> httpx.Client: ...\n",
    }
    facts = [facts_of(SourceFile(path, text)) for path, text in common.items()]
    added = facts_of(SourceFile("shop/feed.py", "def read(): ...\n"))
    versions = {"before": Project(facts), "after": Project([*facts, added])}
    second = next(name for name in versions if name != first)
    versions[second].share(versions[first])

    told = {
        name: versions[name].calls.effect("shop.feed.read", "blocking") for name in (first, second)
    }

    assert told == {"before": "httpx.Client.get", "after": ""}
