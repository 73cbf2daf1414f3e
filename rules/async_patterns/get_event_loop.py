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

    Code that expects that there may be none, or another library's function, is not meant:

    ```python
    import asyncio

    from somewhere import get_event_loop


    def loop() -> asyncio.AbstractEventLoop:
        try:
            return asyncio.get_event_loop()
        except RuntimeError:
            return get_event_loop()


    def finished() -> asyncio.Future[None] | None:
        try:
            future = asyncio.get_event_loop().create_future()
        except Exception:
            future = None
        return future
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
    elif not _is_guarded(call, file):
        yield Problem(
            call,
            "Where no loop runs, `asyncio.get_event_loop()` warns since Python 3.12 and raises"
            " `RuntimeError` since 3.14. Use `asyncio.run(...)`, or `get_running_loop()` where one runs.",
            severity=None if _starts_it(call, file) else Severity.SUGGESTION,
        )


def _starts_it(call: ast.Call, file: SourceFile) -> bool:
    """Whether the code around runs the loop itself: then none runs yet, and the warning is sure."""
    function = file.enclosing_function(call)
    if function is None:
        return True
    last_names = ("run_until_complete", "run_forever")
    return any(file.enclosing_function(run) is function for run in file.calls(*last_names))


def _is_guarded(call: ast.Call, file: SourceFile) -> bool:
    """Whether the code knows that there may be no loop, and has an answer to it."""
    child: ast.AST = call
    for parent in file.ancestors(call):
        if isinstance(parent, ast.ExceptHandler) and _names_it(parent, file):
            return True
        handlers = parent.handlers if isinstance(parent, ast.Try) and child in parent.body else []
        if any(_names_it(handler, file) or _has_answer(handler) for handler in handlers):
            return True
        child = parent
    return False


def _names_it(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    return handler.type is not None and "RuntimeError" in file.source(handler.type)


def _has_answer(handler: ast.ExceptHandler) -> bool:
    """Whether a handler puts something in the place of the loop."""
    return any(isinstance(item, (ast.Assign, ast.AnnAssign, ast.Return)) for item in handler.body)
