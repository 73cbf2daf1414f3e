"""ARC105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.architecture.layers import ROUTERS, SERVICES, in_layer
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import ImportFacts
    from rules.core.project import Project
    from rules.core.source import SourceFile

_CLIENTS = ("httpx", "requests", "aiohttp")
_VERBS = {"get", "post", "put", "patch", "delete", "request", "stream", "send"}
_SERVICES = 2
_FEW = 0.15


@rule(
    "ARC105",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def client_call_in_router(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A handler calls another API itself, though the project has services for that.

    Timeouts, retries and the key of the API are then decided again in each handler.

    ```python
    # path: app/services/news.py
    import httpx


    async def latest(client: httpx.AsyncClient) -> str:
        return (await client.get("https://news.example.com")).text
    ```

    ```python
    # path: app/services/markets.py
    import httpx


    async def markets(client: httpx.AsyncClient) -> str:
        return (await client.get("https://markets.example.com")).text
    ```

    ```python
    # path: app/routers/charts.py
    import httpx
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/charts")
    async def charts() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get("https://charts.example.com")).text  # finding
    ```

    Without services the handler is the place:

    ```python
    # path: app/routers/charts.py
    import httpx
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/charts")
    async def charts() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get("https://charts.example.com")).text
    ```
    """
    if not file.imports(*_CLIENTS) or not file.routes or file.project is None:
        return
    if not _is_unusual(file.project, file.path):
        return
    for route in file.routes:
        for node in file.body(route.function):
            if isinstance(node, ast.Call) and _is_request(node, file):
                yield Problem(
                    node,
                    f"`{route.function.name}` calls another API itself; this project does so in its services."
                    " Move the call there.",
                    confidence=Confidence.MEDIUM,
                )
                return


def _is_request(call: ast.Call, file: SourceFile) -> bool:
    name = file.qualified_name(call.func) or ""
    return name.startswith(tuple(f"{c}." for c in _CLIENTS)) and name.rpartition(".")[2] in _VERBS


def _is_unusual(project: Project, path: str) -> bool:
    """Whether services call other APIs, and hardly another router does."""
    services = [facts for facts in in_layer(project, SERVICES) if _has_client(facts.imports)]
    routers = [facts for facts in in_layer(project, ROUTERS) if facts.path != path]
    calling = [facts for facts in routers if _has_client(facts.imports)]
    return len(services) >= _SERVICES and len(calling) <= _FEW * len(routers)


def _has_client(imports: tuple[ImportFacts, ...]) -> bool:
    return any(found.target.split(".")[0] in _CLIENTS for found in imports)
