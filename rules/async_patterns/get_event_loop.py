"""ASY107."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "ASY107",
    on=ast.Call,
    calls=("get_event_loop",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
)
def get_event_loop(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """`asyncio.get_event_loop()` guesses which loop is meant, and stopped guessing.

    Where no loop runs it warns since Python 3.12 and raises `RuntimeError` since 3.14; in a
    thread it always raised. In a coroutine `get_running_loop()` says what is meant; elsewhere
    `asyncio.run` starts one.

    ```python
    import asyncio


    async def in_thread(path: str) -> bytes:
        loop = asyncio.get_event_loop()  # finding: suggestion
        return await loop.run_in_executor(None, path.encode)
    ```

    ```python fixed
    import asyncio


    async def in_thread(path: str) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, path.encode)
    ```

    In synchronous code it is about to break:

    ```python
    import asyncio


    async def refresh() -> None: ...


    def main() -> None:
        asyncio.get_event_loop().run_until_complete(refresh())  # finding: warning
    ```

    The loop of a policy, or of another library, is not meant:

    ```python
    import asyncio

    from somewhere import get_event_loop


    async def now() -> float:
        get_event_loop()
        return asyncio.get_running_loop().time()
    ```
    """
    if file.qualified_name(call.func) != "asyncio.get_event_loop":
        return
    if file.runs_on_event_loop(call):
        running = file.source(call.func).replace("get_event_loop", "get_running_loop")
        plain = isinstance(call.func, ast.Attribute)
        yield Problem(
            call,
            "A loop runs here already: `asyncio.get_running_loop()` says so and never makes one.",
            fix=fixes.expression(f"{running}()") if plain else None,
            severity=Severity.SUGGESTION,
        )
    else:
        yield Problem(
            call,
            "`asyncio.get_event_loop()` raises `RuntimeError` from Python 3.14 on where no loop"
            " runs, as in this function. Use `asyncio.run(...)`, or take the loop as an argument.",
        )
