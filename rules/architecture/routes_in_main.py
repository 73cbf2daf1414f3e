"""ARC101."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.architecture.layers import ROUTERS, in_layer
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MAIN = {"main.py", "app.py", "server.py", "asgi.py"}
_TECHNICAL = re.compile(
    r"^/?$|(health|ready|live|ping|version|status|metrics|docs|openapi|favicon|robots|static|root|index"
    r"|\{\w+:path\}|login|callback|ws)",
    re.IGNORECASE,
)
_ROUTERS = 2


@rule(
    "ARC101",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor:FASTT022",),
)
def routes_in_main(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The file that builds the app also has handlers, though the project has routers.

    ```python
    # path: app/main.py
    from fastapi import FastAPI

    from app.routers import markets, news

    app = FastAPI()
    app.include_router(markets.router)
    app.include_router(news.router)


    @app.get("/orders")
    async def orders() -> list[str]: ...  # finding
    ```

    ```python
    # path: app/routers/markets.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets")
    async def markets() -> list[str]: ...
    ```

    ```python
    # path: app/routers/news.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/news")
    async def news() -> list[str]: ...
    ```

    An app that is one file, and what belongs to the app itself:

    ```python
    # path: app/main.py
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/orders")
    async def orders() -> list[str]: ...


    @app.get("/health")
    async def health() -> str: ...
    ```
    """
    if file.path.rpartition("/")[2] not in _MAIN or file.project is None or not file.routes:
        return
    includes = len(list(file.calls("include_router")))
    others = [facts for facts in in_layer(file.project, ROUTERS) if facts.path != file.path]
    if includes < _ROUTERS or len(others) < _ROUTERS:
        return
    for route in file.routes:
        if file.qualified_name(route.owner) != "fastapi.FastAPI":
            continue
        if not _TECHNICAL.search(route.path or "/"):
            yield Problem(
                route.function,
                f"`{route.label()}` stands in the file that builds the app; the other routes are in"
                f" {len(others)} routers. Move it to one of them.",
                confidence=Confidence.MEDIUM,
            )
            return
