"""RES104."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.resource_management.ownership import Fate, fate_of
from rules.tables.pooled_clients import LAST_NAMES, POOLED_CLIENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "RES104",
    on=ast.Call,
    calls=LAST_NAMES,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
)
def http_client_not_closed(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """An HTTP client that is never closed leaves its connections open.

    Each one holds sockets to the hosts that it spoke to; aiohttp prints "Unclosed client
    session", httpx keeps quiet. A client for one piece of work belongs in a `with` block, a
    client for the whole service in the lifespan, which closes it.

    ```python
    import httpx
    import requests


    async def price(url: str) -> str:
        client = httpx.AsyncClient(timeout=5)  # finding
        response = await client.get(url)
        return response.text


    def news(url: str) -> str:
        return requests.Session().get(url, timeout=5).text  # finding
    ```

    An exception before the close leaks it all the same:

    ```python
    import aiohttp


    async def price(url: str) -> str:
        session = aiohttp.ClientSession()  # finding: suggestion
        response = await session.get(url)
        text = await response.text()
        await session.close()
        return text
    ```

    In a block, closed by its owner, returned, or built once for the program:

    ```python
    import httpx

    shared = httpx.AsyncClient(timeout=5)


    async def price(url: str) -> str:
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(url)).text


    async def page(url: str) -> str:
        return (await shared.get(url)).text


    class News:
        def __init__(self) -> None:
            self.client = httpx.AsyncClient(timeout=5)

        async def aclose(self) -> None:
            await self.client.aclose()


    def make_client() -> httpx.AsyncClient:
        client = httpx.AsyncClient(timeout=5)
        client.headers["X-App"] = "news"
        return client
    ```
    """
    name = file.qualified_name(call.func) or ""
    client = POOLED_CLIENTS.get(name)
    if client is None or not client.must_close or file.enclosing_function(call) is None:
        return
    owned = fate_of(call, file)
    if owned.fate in {Fate.NEVER, Fate.DROPPED}:
        where = f" in `{owned.holder}`" if owned.holder else ""
        yield Problem(
            call,
            f"The {client.noun}{where} is never closed and keeps its connections open."
            f" Use it in a `with` block, or `{client.close}` in a `finally`.",
        )
    elif owned.fate is Fate.SOMETIMES:
        yield Problem(
            call,
            f"The {client.noun} in `{owned.holder}` stays open when anything raises before line"
            f" {owned.line}. Use it in a `with` block.",
            severity=Severity.SUGGESTION,
        )
    elif owned.fate is Fate.KEPT_OPEN:
        yield Problem(
            call,
            f"No method of the class closes the {client.noun} in `{owned.holder}`: give it one that"
            f" does `{client.close}`.",
            severity=Severity.SUGGESTION,
            confidence=Confidence.LOW,
        )
