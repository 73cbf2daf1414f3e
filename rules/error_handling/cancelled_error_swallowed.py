"""ERR102."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import (
    CANCELLED,
    caught,
    is_log_call,
    last_name,
    raises,
    run_by,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_ENDS = frozenset(
    {
        "gather",
        "wait",
        "wait_for",
        "shield",
        "join",
        "stop",
        "close",
        "aclose",
        "cancel",
        "shutdown",
    }
)
_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@rule(
    "ERR102",
    on=(ast.Try, ast.With),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("flake8-async:ASYNC103", "sonar:S7497"),
)
def cancelled_error_swallowed(node: ast.Try | ast.With, file: SourceFile) -> Iterator[Problem]:
    """A cancellation that is caught and not raised again leaves a task that cannot be stopped.

    `CancelledError` is how `asyncio` asks a task to end: at a shutdown, a timeout, the failure of
    a sibling in a `TaskGroup`. It is a `BaseException` so that `except Exception` lets it pass; a
    bare `except` and `except BaseException` do not. Clean up and `raise`.

    ```python
    import asyncio


    async def poll(client) -> None:
        while True:
            try:
                await client.refresh()
            except:  # finding: critical
                await asyncio.sleep(1)


    async def once(client) -> int:
        try:
            await client.refresh()
        except asyncio.CancelledError:  # finding
            pass
        await client.save()
        return 1
    ```

    `suppress` does the same, unless it waits for a task that ends:

    ```python
    import asyncio
    from contextlib import suppress


    async def publish(client, task: asyncio.Task[None]) -> None:
        with suppress(asyncio.CancelledError):  # finding
            await client.send()
        with suppress(asyncio.CancelledError):
            await task
        await client.flush()
    ```

    Raised again, or caught by a handler before:

    ```python
    import asyncio


    async def poll(client, log) -> None:
        while True:
            try:
                await client.refresh()
            except asyncio.CancelledError:
                log.info("stopping")
                raise
            except BaseException:
                log.exception("refresh failed")
    ```

    The end of a task that this code itself cancelled, and a task that ends when it is cancelled:

    ```python
    import asyncio


    async def stop(task: asyncio.Task[None]) -> None:
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        print("stopped")


    async def worker(queue: asyncio.Queue[int]) -> None:
        try:
            while True:
                print(await queue.get())
        except asyncio.CancelledError:
            print("worker stopped")
    ```

    An error that is handed on:

    ```python
    import asyncio


    async def run(work, future: asyncio.Future[int]) -> None:
        while True:
            try:
                await work()
            except BaseException as error:
                future.set_exception(error)
    ```
    """
    if isinstance(node, ast.With):
        yield from _suppressed(node, file)
        return
    handler = swallowing_handler(node, file)
    function = file.enclosing_function(node)
    if handler is not None and function is not None:
        yield Problem(
            handler,
            f"`{shown(handler, file)}` swallows the cancellation of `{function.name}`: a shutdown or"
            " a timeout cannot stop it. Add `raise` at its end"
            + (", or catch `Exception`." if _is_wide(handler, file) else "."),
        )


def _suppressed(node: ast.With, file: SourceFile) -> Iterator[Problem]:
    """`with suppress(CancelledError)` around a call, after which the function goes on."""
    if "suppress" not in file.called_names:
        return
    function = file.enclosing_function(node)
    if not isinstance(function, ast.AsyncFunctionDef) or not file.runs_on_event_loop(node):
        return
    given = [
        argument
        for item in node.items
        if isinstance(item.context_expr, ast.Call)
        and file.qualified_name(item.context_expr.func) == "contextlib.suppress"
        for argument in item.context_expr.args
    ]
    names = {file.qualified_name(argument) for argument in given}
    if not names & (CANCELLED | {"BaseException"}) or not _calls_something(node, file):
        return
    if _is_last(node, function, file) or _was_cancelled_here(node, function, file):
        return
    yield Problem(
        node,
        f"This `suppress` swallows the cancellation of `{function.name}`: a shutdown or a timeout cannot"
        " stop it. Catch what the call itself can raise.",
    )


def _calls_something(node: ast.With, file: SourceFile) -> bool:
    """Whether a call is awaited that is not one for the end of other work."""
    return any(
        isinstance(part, ast.Await)
        and isinstance(part.value, ast.Call)
        and last_name(part.value.func) not in _ENDS
        for part in run_by(node.body, file)
    )


def swallowing_handler(node: ast.Try, file: SourceFile) -> ast.ExceptHandler | None:
    """The handler of an `async def` that takes a cancellation and goes on."""
    function = file.enclosing_function(node)
    if not isinstance(function, ast.AsyncFunctionDef) or not file.runs_on_event_loop(node):
        return None
    handler = next((h for h in node.handlers if _takes_cancellation(h, file)), None)
    if handler is None or raises(handler.body, file) or _hands_on(handler, file):
        return None
    if not any(isinstance(part, _WAITS) for part in run_by(node.body, file)):
        return None
    if _was_cancelled_here(node, function, file) or _ends(node, handler, function, file):
        return None
    return None if _guards_cleanup(node, file) else handler


def _guards_cleanup(node: ast.Try, file: SourceFile) -> bool:
    """Whether this protects the end of something: a shield, a killed process, a cleanup."""
    calls = (part for part in run_by(node.body, file) if isinstance(part, ast.Call))
    if any(last_name(call.func) in {"shield", "kill", "terminate"} for call in calls):
        return True
    child: ast.AST = node
    for parent in file.ancestors(node):
        if isinstance(parent, ast.ExceptHandler) and raises(parent.body, file):
            return True
        if isinstance(parent, ast.Try) and child in parent.finalbody:
            return True
        child = parent
    return False


def _takes_cancellation(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    return _is_wide(handler, file) or not CANCELLED.isdisjoint(caught(handler, file))


def _is_wide(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    return "BaseException" in caught(handler, file)


def _hands_on(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the exception itself goes to somebody other than a log."""
    parts = list(run_by(handler.body, file))
    if any(isinstance(part, ast.Call) and last_name(part.func) == "exc_info" for part in parts):
        return True
    return handler.name is not None and any(
        isinstance(part, ast.Name)
        and part.id == handler.name
        and not any(is_log_call(parent) for parent in file.ancestors(part))
        and isinstance(
            file.parent(part), (ast.Call, ast.Return, ast.Assign, ast.keyword, ast.Tuple)
        )
        and last_name(file.parent(part)) not in {"str", "repr", "type", "print", "isinstance"}
        for part in parts
    )


def _was_cancelled_here(node: ast.stmt, function: FunctionNode, file: SourceFile) -> bool:
    """Whether the cancellation is that of a task which this function cancelled itself."""
    return any(
        file.enclosing_function(call) is function and call.lineno < (node.end_lineno or 0)
        for call in file.calls("cancel", "cancel_and_wait", "cancel_scope")
    )


def _ends(
    node: ast.Try, handler: ast.ExceptHandler, function: FunctionNode, file: SourceFile
) -> bool:
    """Whether the task ends after the handler, so that only its being cancelled is lost."""
    if isinstance(handler.body[-1], (ast.Return, ast.Break)):
        return True
    block = getattr(file.parent(node), "body", [])
    after = block[block.index(node) + 1 :] if node in block else []
    if after and (isinstance(after[0], ast.Break) or _returns_nothing(after[0])):
        return True
    if any(_is_exit(part) for part in run_by(handler.body, file)):
        return True
    if any(_raises_cancellation(part, file) for part in run_by(after, file)):
        return True
    return file.enclosing_loop(node) is None and _is_last(node, function, file)


def _raises_cancellation(node: ast.AST, file: SourceFile) -> bool:
    """Whether the cancellation goes on from here: `if cancelled: raise CancelledError`."""
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return file.qualified_name(raised) in CANCELLED


def _returns_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (
        statement.value is None or isinstance(statement.value, ast.Constant)
    )


def _is_last(node: ast.stmt, function: FunctionNode, file: SourceFile) -> bool:
    """Whether nothing of the function runs after this statement."""
    current: ast.AST = node
    while current is not function:
        parent = file.parent(current)
        blocks = [getattr(parent, name, []) for name in ("body", "orelse", "handlers")]
        if parent is None or not any(block and block[-1] is current for block in blocks):
            return False
        if isinstance(parent, ast.Try) and (parent.finalbody or parent.orelse):
            return False
        current = parent
    return True


def _is_exit(node: ast.AST) -> bool:
    """Whether this ends the process."""
    return isinstance(node, ast.Call) and last_name(node.func) in {"exit", "_exit", "abort"}
