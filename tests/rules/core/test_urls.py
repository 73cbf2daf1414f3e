"""Path operations of whole projects: prefixes, order, conditions, routers of one's own."""

from __future__ import annotations

from rules.core.facts import facts_of
from rules.core.project import Project
from rules.core.source import SourceFile


def project_of(files: dict[str, str]) -> Project:
    return Project([facts_of(SourceFile(path, text)) for path, text in files.items()])


def test_a_router_that_is_included_twice_has_two_paths() -> None:
    project = project_of(
        {
            "app/main.py": (
                "from fastapi import APIRouter, FastAPI\n"
                "app = FastAPI()\n"
                "router = APIRouter(prefix='/news')\n"
                "@router.get('/{id}')\n"
                "def news(id: int): ...\n"
                "app.include_router(router, prefix='/v1')\n"
                "app.include_router(router, prefix='/v2')\n"
            )
        }
    )
    assert [endpoint.path for endpoint in project.endpoints] == ["/v1/news/{id}", "/v2/news/{id}"]


def test_the_order_is_that_of_the_calls_that_include() -> None:
    project = project_of(
        {
            "app/main.py": (
                "from fastapi import FastAPI\n"
                "from app import a, b\n"
                "app = FastAPI()\n"
                "app.include_router(b.router)\n"
                "app.include_router(a.router)\n"
            ),
            "app/a.py": (
                "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/a')\ndef a(): ...\n"
            ),
            "app/b.py": (
                "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/b')\ndef b(): ...\n"
            ),
        }
    )
    a, b = sorted(project.endpoints, key=lambda endpoint: endpoint.path or "")
    assert (b.is_before(a), a.is_before(b)) == (True, False)


def test_a_variable_that_holds_two_routers_in_turn_has_no_known_prefix() -> None:
    project = project_of(
        {
            "app/main.py": (
                "from fastapi import APIRouter\n"
                "router = APIRouter(prefix='/a')\n"
                "@router.get('/x')\n"
                "def a(): ...\n"
                "router = APIRouter(prefix='/b')\n"
                "@router.get('/x')\n"
                "def b(): ...\n"
            )
        }
    )
    assert [endpoint.path for endpoint in project.endpoints] == [None, None]


def test_a_branch_around_an_include_is_a_condition() -> None:
    project = project_of(
        {
            "app/main.py": (
                "from fastapi import APIRouter, FastAPI\n"
                "app = FastAPI()\n"
                "router = APIRouter()\n"
                "@router.get('/x')\n"
                "def a(): ...\n"
                "if debug:\n"
                "    app.include_router(router)\n"
            )
        }
    )
    (endpoint,) = project.endpoints
    assert endpoint.conditions == {("app/main.py", "6body")}


def test_a_router_of_the_projects_own_class_keeps_its_prefix() -> None:
    project = project_of(
        {
            "app/routing.py": "from fastapi import APIRouter as Base\nclass APIRouter(Base): ...\n",
            "app/main.py": (
                "from app.routing import APIRouter\n"
                "router = APIRouter(prefix='/a')\n"
                "@router.get('/x')\n"
                "def a(): ...\n"
            ),
        }
    )
    (endpoint,) = project.endpoints
    assert (endpoint.path, endpoint.depends) == ("/a/x", ("?",))
