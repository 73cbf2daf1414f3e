"""ASY109."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "ASY109",
    on=ast.Call,
    calls=("gather",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def gather_loses_failures(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """The first failure in `asyncio.gather` is raised at once, the other work goes on unseen.

    Independent pieces of work whose results nobody uses - loops, deliveries, writes - then run
    on with nobody waiting, and their own failures are lost. Look at every result with
    `return_exceptions=True`, or use a `TaskGroup`, which stops the others and raises everything.

    ```python
    import asyncio


    async def poll_prices() -> None: ...
    async def poll_news() -> None: ...


    async def serve() -> None:
        await asyncio.gather(poll_prices(), poll_news())  # finding
    ```

    Results that are used together fail together, on purpose:

    ```python
    import asyncio


    async def price(token: str) -> str: ...


    async def spread() -> tuple[str, str]:
        bid, ask = await asyncio.gather(price("bid"), price("ask"))
        return bid, ask
    ```

    Failures that are collected, or a group that stops the others:

    ```python
    import asyncio


    async def poll_prices() -> None: ...
    async def poll_news() -> None: ...


    async def serve() -> None:
        await asyncio.gather(poll_prices(), poll_news(), return_exceptions=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(poll_prices())
            group.create_task(poll_news())
    ```
    """
    if file.qualified_name(call.func) != "asyncio.gather" or not call.args:
        return
    if any(keyword.arg in {"return_exceptions", None} for keyword in call.keywords):
        return
    awaited = file.parent(call)
    if not isinstance(awaited, ast.Await) or not isinstance(file.parent(awaited), ast.Expr):
        return
    if len(call.args) == 1 and not isinstance(call.args[0], ast.Starred):
        return
    yield Problem(
        call,
        "When one of these fails, `gather` raises at once and leaves the others running with nobody"
        " waiting. Use a `TaskGroup`, or `return_exceptions=True` and look at each result.",
        confidence=Confidence.MEDIUM,
    )
