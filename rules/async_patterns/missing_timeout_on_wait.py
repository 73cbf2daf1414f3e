"""ASY120."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_WAITS = {
    "asyncio.Queue.get": "an item of the queue",
    "asyncio.PriorityQueue.get": "an item of the queue",
    "asyncio.Queue.join": "the queue to be worked off",
    "asyncio.Event.wait": "the event",
    "asyncio.Condition.wait": "the condition",
    "asyncio.Condition.wait_for": "the condition",
    "asyncio.subprocess.Process.wait": "the process",
    "asyncio.subprocess.Process.communicate": "the process",
    "asyncio.StreamReader.read": "the other side",
    "asyncio.StreamReader.readline": "the other side",
    "asyncio.StreamReader.readexactly": "the other side",
    "asyncio.StreamReader.readuntil": "the other side",
}
_LIMITS = {
    "asyncio.timeout", "asyncio.timeout_at", "anyio.fail_after", "anyio.move_on_after",
    "async_timeout.timeout",
}  # fmt: skip


@rule(
    "ASY120",
    on=ast.Call,
    calls={name.rsplit(".", 1)[-1] for name in _WAITS},
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def missing_timeout_on_wait(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A request that waits without a limit may wait for ever.

    If the item, the event or the process never comes, the client gives up and the coroutine
    stays, with its connection, its session and its memory. Say how long is too long.

    ```python
    import asyncio

    from fastapi import FastAPI

    app = FastAPI()
    answers: asyncio.Queue[str] = asyncio.Queue()


    @app.get("/next")
    async def next_answer() -> str:
        return await answers.get()  # finding


    @app.post("/convert")
    async def convert() -> int:
        process = await asyncio.create_subprocess_exec("ffmpeg")
        return await process.wait()  # finding
    ```

    With a limit, or outside a request:

    ```python
    import asyncio

    from fastapi import FastAPI

    app = FastAPI()
    answers: asyncio.Queue[str] = asyncio.Queue()


    @app.get("/next")
    async def next_answer() -> str:
        return await asyncio.wait_for(answers.get(), 10)


    @app.get("/other")
    async def other_answer() -> str:
        async with asyncio.timeout(10):
            return await answers.get()


    async def worker() -> None:
        while True:
            print(await answers.get())
    ```
    """
    function = file.enclosing_function(call)
    if function is None or not file.is_awaited(call):
        return
    route = file.route(function)
    if route is None or route.is_websocket:
        return
    name = file.qualified_name(call.func)
    if name in _WAITS and not _is_limited(call, file):
        yield Problem(
            call,
            f"`{route.label()}` waits for {_WAITS[name]} without a limit: when it never comes, the"
            " request hangs for ever. Use `asyncio.timeout(...)`.",
        )


def _is_limited(call: ast.Call, file: SourceFile) -> bool:
    return any(
        _is_limit(item.context_expr, file)
        for parent in file.ancestors(call)
        if isinstance(parent, (ast.With, ast.AsyncWith))
        for item in parent.items
    )


def _is_limit(expression: ast.expr, file: SourceFile) -> bool:
    return isinstance(expression, ast.Call) and file.qualified_name(expression.func) in _LIMITS
