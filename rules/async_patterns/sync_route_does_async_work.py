"""ASY119."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_STARTS = {
    "asyncio.run": "asyncio.run",
    "asyncio.AbstractEventLoop.run_until_complete": "run_until_complete",
    "concurrent.futures.Future.result": "run_coroutine_threadsafe(...).result",
    "anyio.run": "anyio.run",
    "asgiref.sync.async_to_sync": "async_to_sync",
}


@rule(
    "ASY119",
    on=ast.Call,
    calls=("run", "run_until_complete", "result", "async_to_sync"),
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def sync_route_does_async_work(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A plain `def` route that starts an event loop pays twice for what the server already has.

    FastAPI runs it in a thread of the pool, and there it builds a loop of its own for each
    request; clients that belong to the application's loop fail in it. Make the route
    `async def` and await.

    ```python
    import asyncio

    from fastapi import FastAPI

    app = FastAPI()


    async def fetch() -> str: ...


    @app.get("/news")
    def news() -> str:
        return asyncio.run(fetch())  # finding
    ```

    An `async def` route awaits:

    ```python
    from fastapi import FastAPI

    app = FastAPI()


    async def fetch() -> str: ...


    @app.get("/news")
    async def news() -> str:
        return await fetch()
    ```
    """
    function = file.enclosing_function(call)
    if not isinstance(function, ast.FunctionDef):
        return
    started = _STARTS.get(file.qualified_name(call.func) or "")
    if started is None:
        return
    route = file.route(function)
    if route is not None or file.is_dependency(function):
        what = f"`{route.label()}`" if route else f"the dependency `{function.name}`"
        yield Problem(
            call,
            f"`{started}` in {what} builds an event loop in a pool thread for each request."
            " Make it `async def` and await.",
        )
