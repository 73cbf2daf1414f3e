"""RES105."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.resource_management.lifetimes import Repeated, repeated
from rules.tables.pooled_clients import LAST_NAMES, POOLED_CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_PERSONAL = {
    "verify", "cert", "ssl", "auth", "base_url", "proxy", "proxies", "api_key", "token", "host",
    "aws_access_key_id", "organization", "azure_endpoint",
}  # fmt: skip
"""Arguments that tie a client to one customer, when they come with the call."""
_SETTINGS = re.compile(r"setting|config|cfg|env", re.IGNORECASE)


@rule(
    "RES105",
    on=ast.Call,
    calls=LAST_NAMES,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def client_per_request(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A client or engine built for each request throws its connection pool away each time.

    Every request then pays for DNS, TCP and TLS again, and under load the process runs out of
    ports or of connections that the other side allows. Build it once in the lifespan, keep it
    on `app.state`, and close it there.

    ```python
    import httpx
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/price")
    async def price(token_id: str) -> str:
        async with httpx.AsyncClient() as client:  # finding
            response = await client.get(f"https://example.com/{token_id}")
        return response.text
    ```

    In a dependency, in a loop, or in a helper that a route of the file calls:

    ```python
    import httpx
    from fastapi import Depends, FastAPI
    from sqlalchemy import create_engine

    app = FastAPI()


    def get_engine():
        return create_engine("sqlite:///news.db")  # finding


    async def fetch(url: str) -> str:
        async with httpx.AsyncClient() as client:  # finding
            return (await client.get(url)).text


    @app.get("/news")
    async def news(url: str, engine=Depends(get_engine)) -> str:
        return await fetch(url)


    async def crawl(urls: list[str]) -> None:
        for url in urls:
            async with httpx.AsyncClient() as client:  # finding
                await client.get(url)
    ```

    Built once, in the lifespan, behind a cache, or only when there is none yet:

    ```python
    from contextlib import asynccontextmanager
    from functools import lru_cache

    import httpx
    from fastapi import Depends, FastAPI, Request
    from sqlalchemy import create_engine


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        async with httpx.AsyncClient(timeout=5) as client:
            app.state.http = client
            yield


    app = FastAPI(lifespan=lifespan)


    @lru_cache
    def get_engine():
        return create_engine("sqlite:///news.db")


    @app.get("/price")
    async def price(request: Request, engine=Depends(get_engine)) -> str:
        return (await request.app.state.http.get("https://example.com")).text


    class News:
        client: httpx.AsyncClient | None = None

        async def get(self, url: str) -> str:
            if self.client is None:
                self.client = httpx.AsyncClient()
            return (await self.client.get(url)).text
    ```

    Also when the route stands in another module:

    ```python
    # path: app/services/news.py
    import httpx


    async def fetch(url: str) -> str:
        async with httpx.AsyncClient() as client:  # finding
            return (await client.get(url)).text
    ```
    ```python
    # path: app/routers/news.py
    from fastapi import APIRouter

    from app.services.news import fetch

    router = APIRouter()


    @router.get("/news")
    async def news(url: str) -> str:
        return await fetch(url)
    ```

    A function that nothing shows to run per request may open a client for its own work:

    ```python
    from contextlib import asynccontextmanager

    import httpx


    @asynccontextmanager
    async def get_http_client():
        limits = httpx.Limits(max_keepalive_connections=5, max_connections=10)
        async with httpx.AsyncClient(limits=limits, timeout=30.0) as client:
            yield client
    ```
    """
    client = POOLED_CLIENTS.get(file.qualified_name(call.func) or "")
    if client is None:
        return
    found = None if _is_of_this_request(call, file) else repeated(call, file)
    if found is not None:
        yield Problem(
            call,
            f"A new {client.noun}, `{file.source(call.func)}`, is built {found.when}, so no"
            " connection is ever reused. Build it once (lifespan, `app.state`) and share it.",
            trace=_trace(found, call, file),
        )


def _trace(found: Repeated, call: ast.Call, file: SourceFile) -> tuple[Step, ...]:
    if found.caller is None:
        return ()
    return (
        found.caller,
        Step(file.path, call.lineno, "a new client is built"),
    )


def _is_of_this_request(call: ast.Call, file: SourceFile) -> bool:
    """Whether the client is made of what this call brought: nobody else could use it."""
    if any(keyword.arg in {"transport", "connector"} for keyword in call.keywords):
        return True  # With a transport of its own it is not the ordinary pool.
    return any(
        _is_given(name, file)
        for keyword in call.keywords
        if keyword.arg in _PERSONAL
        for name in file.within(keyword.value)
        if isinstance(name, ast.Name)
    )


def _is_given(name: ast.Name, file: SourceFile) -> bool:
    """Whether a name is a parameter of the function that is no setting and no dependency."""
    bindings = file.names.reaching(name)
    if not bindings or bindings[-1].kind != "argument" or _SETTINGS.search(name.id):
        return False
    marks = (bindings[-1].annotation, bindings[-1].value)
    text = " ".join(file.source(mark) for mark in marks if mark is not None)
    return name.id not in {"self", "cls", "app"} and "Depend" not in text and "Dep" not in text
