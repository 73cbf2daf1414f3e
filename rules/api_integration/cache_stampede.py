"""API109."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.caches import DictCache, dict_caches, is_cache
from rules.async_patterns.network_awaits import does_network, is_query
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_ASKS = re.compile(
    r"_*(a?get|fetch|load|request|query|download|search|post|call|resolve|lookup|look_up|find|list"
    r"|generate|complete|create|compute|build|scrape|retrieve|ask)(_|$)",
    re.IGNORECASE,
)


@rule(
    "API109",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def cache_stampede(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Every request that misses the cache while it is being filled asks the service as well.

    Between the look into the cache and the store stands an `await`: when an item expires under
    load, all waiting requests fetch it at once. Hold an `asyncio.Lock` for each key, or keep the
    running task in the cache.

    ```python
    import httpx

    _cache: dict[str, str] = {}


    async def market(client: httpx.AsyncClient, slug: str) -> str:
        if slug in _cache:
            return _cache[slug]
        response = await client.get("/markets", params={"slug": slug})
        _cache[slug] = response.text  # finding
        return _cache[slug]
    ```

    One at a time, and who comes later finds the result:

    ```python
    import asyncio

    import httpx

    _cache: dict[str, str] = {}
    _lock = asyncio.Lock()


    async def market(client: httpx.AsyncClient, slug: str) -> str:
        async with _lock:
            if slug not in _cache:
                response = await client.get("/markets", params={"slug": slug})
                _cache[slug] = response.text
            return _cache[slug]
    ```
    """
    for cache in dict_caches(file):
        if cache.owner is not None and not file.imports("fastapi", "starlette"):
            continue  # Nothing shows that several requests use it at once.
        for store in cache.stores:
            function = file.enclosing_function(store)
            if not isinstance(function, ast.AsyncFunctionDef) or _is_locked(function, file):
                continue
            if _looks_then_awaits(cache, function, store, file):
                yield Problem(
                    store,
                    f"Until this store, every caller of `{function.name}` that misses"
                    f" `{cache.shown}` asks for the same thing again. Let one fetch while the"
                    " others wait, with an `asyncio.Lock` for each key.",
                )
                break


def _is_locked(function: ast.AsyncFunctionDef, file: SourceFile) -> bool:
    return any(
        isinstance(node, (ast.AsyncWith, ast.With))
        and any(
            "lock" in file.source(item.context_expr).lower()
            or "sem" in file.source(item.context_expr).lower()
            for item in node.items
        )
        for node in file.body(function)
    )


def _is_dear(awaited: ast.Await, file: SourceFile) -> bool:
    """Whether what is waited for is a request, a query, or named like one."""
    call = awaited.value
    if not isinstance(call, ast.Call):
        return False
    if does_network(call, file) or is_query(call, file):
        return True
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return _ASKS.match(name) is not None


def _looks_then_awaits(
    cache: DictCache, function: ast.AsyncFunctionDef, store: ast.Subscript, file: SourceFile
) -> bool:
    looked = awaited = 0
    for node in file.body(function):
        line = getattr(node, "lineno", 0)
        if not line or line > store.lineno:
            continue
        if isinstance(node, ast.Compare) and any(
            isinstance(op, (ast.In, ast.NotIn)) and is_cache(item, cache.name, cache.owner)
            for op, item in zip(node.ops, node.comparators, strict=True)
        ):
            looked = looked or line
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and is_cache(node.func.value, cache.name, cache.owner)
        ):
            looked = looked or line
        if isinstance(node, ast.Await) and looked and _is_dear(node, file):
            awaited = line
    return bool(looked and awaited >= looked)
