"""ASY110."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.async_patterns.network_awaits import does_network
from rules.async_patterns.started_together import started_together
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LIMITERS = re.compile(
    r"[Ss]emaphore|CapacityLimiter|[Ll]imiter|throttle|max_concurren", re.IGNORECASE
)
_PARTS = re.compile(r"batch|chunk|page|slice|group|window|top", re.IGNORECASE)


@rule(
    "ASY110",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def unbounded_concurrency(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """One task for each item of a collection, with nothing that limits how many run at once.

    A thousand markets become a thousand requests at the same moment: the other side answers
    429, the pool of connections runs dry, and timeouts hit requests that only waited in line.
    Let a semaphore admit a few at a time.

    ```python
    import asyncio

    import httpx


    async def prices(client: httpx.AsyncClient, tokens: list[str]) -> list[httpx.Response]:
        return await asyncio.gather(*(client.get(f"/price/{t}") for t in tokens))  # finding
    ```

    A semaphore, a batch, or a fixed few:

    ```python
    import asyncio

    import httpx

    SLOTS = asyncio.Semaphore(8)


    async def price(client: httpx.AsyncClient, token: str) -> httpx.Response:
        async with SLOTS:
            return await client.get(f"/price/{token}")


    async def prices(client: httpx.AsyncClient, tokens: list[str]) -> list[httpx.Response]:
        return await asyncio.gather(*(price(client, token) for token in tokens))
    ```

    ```python
    import asyncio

    import httpx


    async def first(client: httpx.AsyncClient, tokens: list[str]) -> list[httpx.Response]:
        return await asyncio.gather(*(client.get(f"/price/{t}") for t in tokens[:5]))


    async def both(client: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(*(client.get(side) for side in ("/bids", "/asks")))
    ```
    """
    for place, works in started_together(file):
        for call, items in works:
            if items is None or not _is_open_ended(items, file):
                continue
            if does_network(call, file) and not _is_limited(place, file):
                yield _problem(place, call, items, file)
                break


def _problem(place: ast.Call, made: ast.Call, items: ast.expr, file: SourceFile) -> Problem:
    return Problem(
        place,
        f"One `{file.source(made.func)[:50]}` for each item of `{file.source(items)[:40]}`"
        " starts at once, however many there are. Let an `asyncio.Semaphore` admit a few at a time.",
        confidence=Confidence.MEDIUM,
    )


def _is_open_ended(iterable: ast.expr, file: SourceFile) -> bool:
    """Whether nothing in sight says how many items there can be."""
    match iterable:
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.Subscript():
            return False
        case ast.Call(func=ast.Name(id="range" | "batched")):
            return False
        case ast.Call(func=ast.Name(id="zip" | "enumerate" | "sorted" | "set" | "list"), args=args):
            return all(_is_open_ended(argument, file) for argument in args)
        case ast.Name(id=name):
            if name.isupper() or _PARTS.search(name):
                return False
            value = file.value(iterable)
            return value is None or value is iterable or _is_open_ended(value, file)
        case ast.Attribute():
            return False  # What an object was configured with is a short list most of the time.
        case _:
            return True


def _is_limited(call: ast.Call, file: SourceFile) -> bool:
    return _LIMITERS.search(file.text) is not None or file.enclosing_function(call) is None
