"""FAS106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.fastapi.shadowing import Shadowing, shadowings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route
    from rules.core.web.urls import Endpoint


@rule("FAS106", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,), across=True)
def route_shadowed(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """An earlier route already takes every request of this one, so it is never called.

    Routes are tried in the order in which they were registered. A fixed path must come before
    the path with a parameter in its place.

    ```python
    from fastapi import APIRouter

    router = APIRouter(prefix="/markets")


    @router.get("/{market_id}")
    async def market(market_id: str) -> str: ...


    @router.get("/trending")  # finding
    async def trending() -> str: ...
    ```

    Also across routers and files, in the order in which they are included:

    ```python
    # path: app/main.py
    from fastapi import FastAPI

    from app import news, pages

    app = FastAPI()
    app.include_router(pages.router)
    app.include_router(news.router, prefix="/news")
    ```

    ```python
    # path: app/pages.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/{section}/{slug}")
    async def page(section: str, slug: str) -> str: ...
    ```

    ```python
    # path: app/news.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/latest")  # finding
    async def latest() -> str: ...


    @router.post("/latest")
    async def refresh() -> str: ...
    ```

    The fixed path first, another method, another shape, a socket, or a converter that does not
    match letters:

    ```python
    from fastapi import APIRouter, WebSocket

    router = APIRouter(prefix="/markets")


    @router.get("/trending")
    async def trending() -> str: ...


    @router.get("/{market_id:int}")
    async def market(market_id: int) -> str: ...


    @router.get("/newest")
    async def newest() -> str: ...


    @router.delete("/{market_id}")
    async def delete(market_id: str) -> str: ...


    @router.get("/{market_id}/trades")
    async def trades(market_id: str) -> str: ...


    @router.websocket("/{market_id}")
    async def stream(socket: WebSocket, market_id: str) -> None: ...


    @router.get("/{slug}")
    async def by_slug(slug: str) -> str: ...
    ```

    One router may be taken in twice under different prefixes:

    ```python
    from fastapi import APIRouter, FastAPI

    app = FastAPI()
    router = APIRouter()


    @router.get("/news")
    async def news() -> str: ...


    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2")
    ```
    """
    if file.project is None or not file.routes:
        return
    routes = {route.call.lineno: route for route in file.routes}
    told: set[tuple[str, int]] = set()
    for shadowing in shadowings(file.project).get(file.module, ()):
        here = shadowing.later.module == file.module
        route = routes.get((shadowing.later if here else shadowing.earlier).line)
        catcher = (shadowing.earlier.module, shadowing.earlier.line)
        if route is None or (catcher in told and not shadowing.is_same_path):
            continue
        told.add(catcher)
        yield _problem(shadowing, route, here=here)


def _problem(shadowing: Shadowing, route: Route, *, here: bool) -> Problem:
    earlier, later, methods, is_same = shadowing
    where = "in this file" if earlier.module == later.module else f"in `{earlier.file}`"
    first, second = _label(earlier, methods), _label(later, methods)
    if not here:
        text = f"`{first}` takes all requests of `{second}` in `{later.file}`, which is registered later."
    elif is_same:
        text = f"`{second}` is never called: {where} (line {earlier.line}) the same path is registered before it."
    else:
        text = f"`{second}` is never called: `{first}` {where} (line {earlier.line}) is registered before it."
    advice = " Remove one of them." if is_same else " Register the fixed path first."
    return Problem(
        route.call,
        text + advice,
        trace=(
            Step(earlier.file, earlier.line, f"`{first}` is registered first"),
            Step(later.file, later.line, f"`{second}` never gets a request"),
        ),
    )


def _label(endpoint: Endpoint, methods: frozenset[str]) -> str:
    names = "/".join(sorted(method.upper() for method in methods))
    return f"{names} {endpoint.path or endpoint.own_path}"
