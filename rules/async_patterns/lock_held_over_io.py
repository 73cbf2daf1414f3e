"""ASY113."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.async_patterns.network_awaits import is_request
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_ON_PURPOSE = re.compile(
    r"token|auth|login|refresh|renew|init|connect|ensure|start|stop|close|cache|load|once|throttl"
    r"|rate|limit|lazy|setup|session|sync|nonce|order|get_or|single",
    re.IGNORECASE,
)
"""Names of functions and locks where one at a time over the network is the point."""


@rule(
    "ASY113",
    on=ast.AsyncWith,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def lock_held_over_io(block: ast.AsyncWith, file: SourceFile) -> Iterator[Problem]:
    """A lock held while the network answers makes everybody wait for the slowest request.

    All coroutines that want the lock stand in line behind one upstream, and a hanging request
    holds them all. Fetch first, then take the lock for the moment in which the shared state
    changes.

    ```python
    import asyncio

    import httpx


    class Prices:
        def __init__(self, client: httpx.AsyncClient) -> None:
            self.lock = asyncio.Lock()
            self.client = client
            self.latest: dict[str, str] = {}

        async def update(self, token: str) -> None:
            async with self.lock:  # finding
                response = await self.client.get(f"/price/{token}")
                self.latest[token] = response.text
    ```

    Fetched before, or a lock that exists so that only one request goes out:

    ```python
    import asyncio

    import httpx


    class Prices:
        def __init__(self, client: httpx.AsyncClient) -> None:
            self.lock = asyncio.Lock()
            self.client = client
            self.token: str | None = None
            self.latest: dict[str, str] = {}

        async def update(self, token: str) -> None:
            response = await self.client.get(f"/price/{token}")
            async with self.lock:
                self.latest[token] = response.text

        async def bearer(self) -> str:
            async with self.lock:
                if self.token is None:
                    self.token = (await self.client.post("/token")).text
                return self.token
    ```
    """
    if len(block.items) != 1 or not _is_lock(block.items[0].context_expr, file):
        return
    function = file.enclosing_function(block)
    lock = file.source(block.items[0].context_expr)
    if function is None or _ON_PURPOSE.search(f"{function.name} {lock}") or _checks_first(block):
        return
    for node in file.body(block):
        if isinstance(node, ast.Call) and is_request(node, file) and _is_waited_for(node, file):
            yield Problem(
                block,
                f"`{lock}` is held while `{file.source(node.func)[:50]}` waits for the network, so"
                " everybody who wants it waits for that answer. Fetch first, then lock.",
                confidence=Confidence.MEDIUM,
            )
            return


def _is_lock(expression: ast.expr, file: SourceFile) -> bool:
    return file.qualified_name(expression) == "asyncio.Lock"


def _checks_first(block: ast.AsyncWith) -> bool:
    """Whether the block looks again before it works: then only the first one fetches."""
    return any(isinstance(statement, ast.If) for statement in block.body[:2])


def _is_waited_for(call: ast.Call, file: SourceFile) -> bool:
    parent = file.parent(call)
    if isinstance(parent, ast.withitem):
        return isinstance(file.parent(parent), ast.AsyncWith)
    return isinstance(parent, ast.Await)
