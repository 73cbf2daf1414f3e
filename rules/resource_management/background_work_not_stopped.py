"""RES111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_STARTS = {
    "asyncio.create_task": "task",
    "asyncio.ensure_future": "task",
    "asyncio.AbstractEventLoop.create_task": "task",
    "threading.Thread": "thread",
    "apscheduler.schedulers.asyncio.AsyncIOScheduler": "scheduler",
    "apscheduler.schedulers.background.BackgroundScheduler": "scheduler",
}
_MANAGER = "contextlib.asynccontextmanager"


@rule("RES111", on=ast.AsyncFunctionDef, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def background_work_not_stopped(
    function: ast.AsyncFunctionDef, file: SourceFile
) -> Iterator[Problem]:
    """Work that the lifespan starts and does not stop is cut off in the middle at shutdown.

    After the `yield` the server closes its loop. A task that still runs is destroyed while
    pending, half way through a write; a thread that is no daemon keeps the process alive.
    Cancel the task after the `yield` and await it.

    ```python
    import asyncio
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    async def poll() -> None: ...


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        task = asyncio.create_task(poll())  # finding
        yield
    ```

    Stopped after the `yield`, kept in a group, or in a list that something else stops:

    ```python
    import asyncio
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    async def poll() -> None: ...


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        task = asyncio.create_task(poll())
        app.state.other = asyncio.create_task(poll())
        yield
        task.cancel()
        app.state.other.cancel()


    @asynccontextmanager
    async def grouped(app: FastAPI):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(poll())
            yield
    ```
    """
    if not _is_lifespan(function, file):
        return
    pause = next((node for node in file.body(function) if isinstance(node, ast.Yield)), None)
    if pause is None:
        return
    for call in file.body(function):
        if not isinstance(call, ast.Call) or call.lineno >= pause.lineno:
            continue
        noun = _STARTS.get(file.qualified_name(call.func) or "")
        if noun and not _is_daemon(call) and not _is_stopped(call, pause, function, file):
            yield Problem(
                call,
                f"The {noun} that `{function.name}` starts is not stopped after its `yield`: it is cut"
                f" off in the middle at shutdown. {_how(noun)}",
            )


def _how(noun: str) -> str:
    return {
        "task": "Cancel it there and await it.",
        "thread": "Tell it to stop there and join it.",
        "scheduler": "Call its `shutdown()` there.",
    }[noun]


def _is_lifespan(function: ast.AsyncFunctionDef, file: SourceFile) -> bool:
    if not any(file.qualified_name(item) == _MANAGER for item in function.decorator_list):
        return False
    arguments = function.args.args
    if "lifespan" in function.name:
        return True
    return len(arguments) == 1 and file.annotation(arguments[0].annotation) == "fastapi.FastAPI"


def _is_daemon(call: ast.Call) -> bool:
    return any(
        keyword.arg == "daemon" and getattr(keyword.value, "value", False) is True
        for keyword in call.keywords
    )


def _is_stopped(
    call: ast.Call, pause: ast.Yield, function: ast.AsyncFunctionDef, file: SourceFile
) -> bool:
    """Whether what holds the work is looked at after the `yield`, or given to somebody else."""
    parent = file.parent(call)
    while isinstance(parent, (ast.List, ast.Tuple, ast.ListComp)):
        parent = file.parent(parent)
    match parent:
        case (
            ast.Assign(targets=[ast.Name() | ast.Attribute() as target])
            | ast.AnnAssign(target=ast.Name() | ast.Attribute() as target)
        ):
            return _is_used_after(file.source(target), pause, call, function, file)
        case ast.Expr():
            return False
        case ast.Attribute(attr="add_done_callback"):
            return False
        case _:
            return True


def _is_used_after(
    holder: str, pause: ast.Yield, call: ast.Call, function: ast.AsyncFunctionDef, file: SourceFile
) -> bool:
    for node in file.body(function):
        if not isinstance(node, (ast.Name, ast.Attribute)) or node.lineno <= call.lineno:
            continue
        if file.source(node) != holder or not isinstance(node.ctx, ast.Load):
            continue
        parent = file.parent(node)
        if node.lineno >= pause.lineno or not isinstance(parent, ast.Attribute):
            return True
    return False
