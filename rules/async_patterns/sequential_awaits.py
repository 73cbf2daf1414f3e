"""ASY116."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.network_awaits import does_network
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_WRITES = {"post", "put", "patch", "delete"}


@rule(
    "ASY116",
    on=ast.Assign,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def sequential_awaits(second: ast.Assign, file: SourceFile) -> Iterator[Problem]:
    """Requests that do not need each other's answers wait for each other all the same.

    Two reads in a row take the sum of both; started together they take the longer one.

    ```python
    import httpx


    async def overview(client: httpx.AsyncClient) -> tuple[str, str]:
        market = await client.get("/market")
        news = await client.get("/news")  # finding
        return market.text, news.text
    ```

    Started together, or the second needs the first:

    ```python
    import asyncio

    import httpx


    async def overview(client: httpx.AsyncClient) -> tuple[str, str]:
        market, news = await asyncio.gather(client.get("/market"), client.get("/news"))
        return market.text, news.text


    async def book(client: httpx.AsyncClient) -> str:
        market = await client.get("/market")
        token = market.json()["token"]
        book = await client.get(f"/book/{token}")
        return book.text


    async def chain(client: httpx.AsyncClient) -> str:
        first = await client.get("/first")
        second = await client.get("/second", params={"after": first.text})
        return second.text
    ```
    """
    if not isinstance(second.value, ast.Await) or not file.imports("httpx", "aiohttp"):
        return
    names, first = _read(_before(second, file), file)
    others, after = _read(second, file)
    if first is not None and after is not None and names and others and not names & _used(second):
        yield Problem(
            after,
            f"`{file.source(after.func)[:50]}` does not need the answer before it, and waits"
            " for it. Await both in one `asyncio.gather` or `TaskGroup`.",
            confidence=Confidence.MEDIUM,
        )


def _before(statement: ast.stmt, file: SourceFile) -> ast.stmt | None:
    """The statement before one in the same block."""
    parent = file.parent(statement)
    for name in ("body", "orelse", "finalbody"):
        block: list[ast.stmt] = getattr(parent, name, None) or []
        if statement in block and block.index(statement):
            return block[block.index(statement) - 1]
    return None


def _read(statement: ast.stmt | None, file: SourceFile) -> tuple[set[str], ast.Call | None]:
    """The names that a statement gives to what it awaits, and the request; a write is none."""
    match statement:
        case ast.Assign(targets=[target], value=ast.Await(value=ast.Call() as call)):
            if _last(call) in _WRITES or not does_network(call, file):
                return set(), None
            return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}, call
        case _:
            return set(), None


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _used(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
