"""ASY106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_STARTS = {
    "asyncio.run",
    "asyncio.AbstractEventLoop.run_until_complete",
    "asyncio.AbstractEventLoop.run_forever",
    "asyncio.Runner.run",
}


@rule(
    "ASY106",
    on=ast.Call,
    calls=("run", "run_until_complete", "run_forever"),
    severity=Severity.CRITICAL,
    peers=("FASTT004",),
)
def nested_event_loop(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """Starting an event loop inside a running one raises `RuntimeError` at once.

    Code of an `async def` already runs on a loop; await the coroutine instead.

    ```python
    import asyncio


    async def refresh() -> None: ...


    async def handler() -> None:
        asyncio.run(refresh())  # finding
    ```

    A loop of its own in another thread is fine:

    ```python
    import asyncio


    async def refresh() -> None: ...


    async def handler() -> None:
        await asyncio.to_thread(lambda: asyncio.run(refresh()))
    ```
    """
    name = file.qualified_name(call.func)
    if name in _STARTS and file.runs_on_event_loop(call) and not file.imports("nest_asyncio"):
        last = name.rsplit(".", 1)[-1]
        yield Problem(
            call,
            f"`{last}()` raises `RuntimeError` here: an event loop is already running."
            " Await the coroutine instead.",
        )
