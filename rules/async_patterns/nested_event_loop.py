"""ASY106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.core.source import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_STARTS = {
    "asyncio.run",
    "asyncio.AbstractEventLoop.run_until_complete",
    "asyncio.AbstractEventLoop.run_forever",
    "asyncio.Runner.run",
    "anyio.run",
    "trio.run",
}
_ASKS_FIRST = ("get_running_loop", "is_running", "RuntimeError", "current_async_library")
_NEAR = 2
"""Over longer ways a condition mostly keeps the two worlds apart."""


@rule(
    "ASY106",
    on=ast.Call,
    calls=("run", "run_until_complete", "run_forever"),
    severity=Severity.CRITICAL,
    peers=("FASTT004",),
    across=True,
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

    Also in a plain function, where an `async def` calls it:

    ```python
    import asyncio


    async def refresh() -> None: ...


    def refresh_now() -> None:
        asyncio.run(refresh())  # finding


    async def handler() -> None:
        refresh_now()
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
    if name not in _STARTS or file.imports("nest_asyncio"):
        return
    last = name.rsplit(".", 1)[-1]
    if file.runs_on_event_loop(call):
        yield Problem(
            call,
            f"`{last}()` raises `RuntimeError` here: an event loop is already running."
            " Await the coroutine instead.",
        )
    elif (caller := _async_caller(call, file)) is not None:
        yield Problem(
            call,
            f"`{last}()` raises `RuntimeError` when `async def {caller.label}` calls"
            f" `{caller.function}`: an event loop is already running. Make it `async def` and await.",
            trace=(caller.step,),
        )


class _Caller(NamedTuple):
    label: str
    function: str
    step: Step


def _async_caller(call: ast.Call, file: SourceFile) -> _Caller | None:
    """An `async def` of the program that reaches the function around a call."""
    function, project = file.enclosing_function(call), file.project
    if project is None or not isinstance(function, ast.FunctionDef) or file.handed_to_thread(call):
        return None
    if file.scopes.of(call) is not function:
        return None
    if any(word in file.source(function) for word in _ASKS_FIRST):
        return None
    for name in project.calls.async_callers(file.defined.name_of(function), _NEAR):
        path = project.path_of(name)
        if kind_of(path) is not FileKind.TEST:
            line, label = project.functions[name].line, project.label(name)
            step = Step(path, line, f"`async def {label}` reaches `{function.name}`")
            return _Caller(label, function.name, step)
    return None
