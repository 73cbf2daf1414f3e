"""ASY112."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LOCKS = {
    "threading.Lock": "asyncio.Lock",
    "threading.RLock": "asyncio.Lock",
    "threading.Semaphore": "asyncio.Semaphore",
    "threading.BoundedSemaphore": "asyncio.BoundedSemaphore",
    "threading.Condition": "asyncio.Condition",
    "multiprocessing.Lock": "asyncio.Lock",
}


@rule(
    "ASY112",
    on=(ast.With, ast.Call),
    calls=("acquire",),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
)
def threading_lock_in_async(node: ast.With | ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A `threading.Lock` held across an `await` stops the event loop, often for good.

    While the holder waits, the next coroutine that wants the lock blocks the whole thread, and
    with it the holder, which can never go on to release it. Use `asyncio.Lock`.

    ```python
    import asyncio
    import threading

    lock = threading.Lock()


    async def refresh() -> None:
        with lock:  # finding
            await asyncio.sleep(1)


    async def other() -> None:
        lock.acquire()  # finding
        try:
            await asyncio.sleep(1)
        finally:
            lock.release()
    ```

    Held for a moment, with nothing awaited, it guards what threads share:

    ```python
    import asyncio
    import threading

    counter = 0
    lock = threading.Lock()
    turn = asyncio.Lock()


    async def count() -> None:
        global counter
        with lock:
            counter += 1
        async with turn:
            await asyncio.sleep(1)
    ```
    """
    if isinstance(node, ast.Call):
        yield from _acquired(node, file)
        return
    if not file.runs_on_event_loop(node):
        return
    for item in node.items:
        name = file.qualified_name(item.context_expr)
        if name in _LOCKS and _awaits(node, file):
            text = file.source(item.context_expr)
            yield Problem(
                node,
                f"`{text}` is a `{name}` held across an `await`: the next coroutine that wants it"
                f" blocks the event loop, and the holder with it. Use `{_LOCKS[name]}`.",
            )


def _acquired(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    if not isinstance(call.func, ast.Attribute) or call.args or call.keywords:
        return
    name = file.qualified_name(call.func.value)
    function = file.enclosing_function(call)
    if name not in _LOCKS or function is None or not file.runs_on_event_loop(call):
        return
    if isinstance(lock := call.func.value, ast.Name) and lock.id in file.scopes.in_scope(function):
        return  # A lock that was made just now waits for nobody.
    if any(isinstance(node, ast.Await) for node in file.body(function)):
        yield Problem(
            call,
            f"`{file.source(call.func)}` of a `{name}` waits in the thread of the event loop and"
            f" stops it. Use `{_LOCKS[name]}`.",
        )


def _awaits(block: ast.With, file: SourceFile) -> bool:
    return any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in file.body(block)
    )
