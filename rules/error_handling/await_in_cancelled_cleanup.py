"""ERR115."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import CANCELLED, caught, last_name, run_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SCOPES = frozenset({
    "anyio.move_on_after", "anyio.fail_after", "anyio.CancelScope", "anyio.create_task_group",
    "trio.move_on_after", "trio.fail_after", "trio.CancelScope", "trio.open_nursery",
})  # fmt: skip
_BOUNDED = frozenset(
    {"wait_for", "timeout", "shield", "move_on_after", "fail_after", "CancelScope"}
)


@rule(
    "ERR115",
    on=ast.Try,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("flake8-async:ASYNC102",),
)
def await_in_cancelled_cleanup(node: ast.Try, file: SourceFile) -> Iterator[Problem]:
    """Cleaning up that waits while the task is being cancelled is cut off or holds the shutdown.

    Inside a cancel scope of anyio each `await` after the cancellation raises at once: what the
    `finally` wanted to close stays open. With `asyncio` a handler of `CancelledError` that waits
    without a bound holds up the whole shutdown. Shield the cleanup and give it a timeout.

    ```python
    import anyio


    async def load(client) -> None:
        with anyio.move_on_after(5):
            try:
                await client.fetch()
            finally:
                await client.close()  # finding
    ```

    A handler that waits for as long as others please:

    ```python
    import asyncio


    async def worker(queue: asyncio.Queue[int]) -> None:
        try:
            print(await queue.get())
        except asyncio.CancelledError:
            await queue.join()  # finding
            raise
    ```

    Shielded, or with a bound:

    ```python
    import asyncio

    import anyio


    async def load(client) -> None:
        with anyio.move_on_after(5):
            try:
                await client.fetch()
            finally:
                with anyio.CancelScope(shield=True):
                    await client.close()


    async def worker(queue: asyncio.Queue[int]) -> None:
        try:
            print(await queue.get())
        except asyncio.CancelledError:
            async with asyncio.timeout(5):
                await queue.join()
            raise
    ```

    With `asyncio`, an `await` in a `finally` runs to its end:

    ```python
    async def load(client) -> None:
        try:
            await client.fetch()
        finally:
            await client.close()
    ```
    """
    if not file.runs_on_event_loop(node):
        return
    if node.finalbody and file.imports("anyio", "trio") and _in_scope(node, file):
        for part in _unbounded(node.finalbody, file):
            yield Problem(
                part,
                f"After a cancellation `{file.source(part)[:60]}` raises at once, so this is not"
                " cleaned up. Put it under `CancelScope(shield=True)` with a timeout.",
            )
            break
    for handler in node.handlers:
        if not CANCELLED & set(caught(handler, file)):
            continue
        for part in _unbounded(handler.body, file):
            call = part.value
            if isinstance(call, ast.Call) and _is_endless(call):
                yield Problem(
                    part,
                    f"`{file.source(part)[:60]}` while being cancelled holds up the shutdown for as"
                    " long as it takes. Give it a timeout.",
                )


def _in_scope(node: ast.Try, file: SourceFile) -> bool:
    """Whether a cancel scope of the same function is around the block."""
    function = file.enclosing_function(node)
    for parent in file.ancestors(node):
        if parent is function:
            return False
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            calls = [i.context_expr for i in parent.items if isinstance(i.context_expr, ast.Call)]
            if any(file.qualified_name(call.func) in _SCOPES for call in calls):
                return True
    return False


def _unbounded(body: list[ast.stmt], file: SourceFile) -> Iterator[ast.Await]:
    """The awaits of a block that stand under no shield and no timeout."""
    for part in run_by(body, file):
        if not isinstance(part, ast.Await) or last_name(part.value) in _BOUNDED | {"aclose"}:
            continue
        around = [p for p in file.ancestors(part) if isinstance(p, (ast.With, ast.AsyncWith))]
        inner = [p for p in around if p.lineno >= body[0].lineno]
        if not any(last_name(i.context_expr) in _BOUNDED for p in inner for i in p.items):
            yield part


def _is_endless(call: ast.Call) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(attr="sleep"), args=[ast.Constant(value=0)]):
            return False
        case ast.Call(func=ast.Attribute(attr="join" | "sleep")):
            return True
        case _:
            return False
