"""ASY105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.task_keeping import (
    has_callback,
    keeping_set,
    lost_because,
    lost_by_caller,
)
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

_CREATORS = {
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.AbstractEventLoop.create_task",
}
_LOOPS = {"loop", "_loop", "event_loop", "ioloop"}


@rule(
    "ASY105",
    on=ast.Call,
    calls=("create_task", "ensure_future", "gather"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:RUF006",),
)
def dangling_task(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A task that nobody keeps may be collected while it runs, and its error is never seen.

    The event loop holds tasks weakly: when the last reference goes, the garbage collector may
    stop the task in the middle of its work. And an exception in it shows at most as "Task
    exception was never retrieved", when it is too late. Keep the task and look at its result,
    or run it in a `TaskGroup`.

    ```python
    import asyncio

    background: set[asyncio.Task[None]] = set()


    async def notify(user: int) -> None: ...


    async def handler(user: int) -> None:
        asyncio.create_task(notify(user))  # finding
    ```

    ```python fixed
    import asyncio

    background: set[asyncio.Task[None]] = set()


    async def notify(user: int) -> None: ...


    async def handler(user: int) -> None:
        task = asyncio.create_task(notify(user))
        background.add(task)
        task.add_done_callback(background.discard)
    ```

    A local name alone, a callback alone, or the list given to `asyncio.wait` does not keep it:

    ```python
    import asyncio
    import logging


    async def notify(user: int) -> None: ...


    async def handler(user: int) -> None:
        task = asyncio.create_task(notify(user))  # finding: suggestion
        task.add_done_callback(logging.info)


    async def first(task: asyncio.Task[None], stop: asyncio.Event) -> None:
        await asyncio.wait(
            [task, asyncio.create_task(stop.wait())],  # finding
            return_when=asyncio.FIRST_COMPLETED,
        )
    ```

    Kept in a set, a list, an attribute, awaited on some branch, returned, or owned by a group:

    ```python
    import asyncio


    async def notify(user: int) -> None: ...


    class Poller:
        def start(self, loop: asyncio.AbstractEventLoop) -> None:
            self.task = loop.create_task(notify(1))

        async def once(self, wait: bool) -> None:
            task = asyncio.create_task(notify(2))
            if wait:
                await task


    async def handler(tasks: list[asyncio.Task[None]]) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(notify(3)))
        async with asyncio.TaskGroup() as group:
            group.create_task(notify(4))
        return asyncio.create_task(notify(5))
    ```
    """
    if not _creates_task(call, file):
        return
    if (lost := lost_by_caller(call, file)) is not None:
        caller, step = lost
        seen = has_callback(call, file)
        yield Problem(
            call,
            f"The task is kept by nobody: `{caller}` drops it, so it may be collected while it runs"
            f"{'' if seen else ' and its errors are lost'}. Keep it here in a set until it is done.",
            confidence=Confidence.MEDIUM,
            trace=(step,),
        )
    reason = lost_because(call, file)
    if reason is not None:
        made = file.source(call.args[0]).split("(")[0] if call.args else ""
        what = f"`{made}`" if made and len(made) < 60 and "\n" not in made else "coroutine"
        parent = file.parent(call)
        seen = has_callback(call, file)
        yield Problem(
            parent if isinstance(parent, ast.Expr) else call,
            f"The task of {what} {reason}: it may be collected while it runs"
            f"{'' if seen else ' and its errors are lost'}."
            " Keep it in a set until it is done, or use a `TaskGroup`.",
            fix=_keep(call, file),
            severity=Severity.SUGGESTION if seen else None,
            confidence=Confidence.LOW if seen else Confidence.HIGH,
        )


def _creates_task(call: ast.Call, file: SourceFile) -> bool:
    name = file.qualified_name(call.func)
    if name in _CREATORS or (name == "asyncio.gather" and isinstance(file.parent(call), ast.Expr)):
        return True
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
            return name is None and owner in _LOOPS
        case _:
            return False


def _keep(call: ast.Call, file: SourceFile) -> Fix | None:
    """The fix when a set for such tasks exists already; making one is for a person."""
    keeper = keeping_set(call, file)
    if keeper is None or not isinstance(file.parent(call), ast.Expr) or "\n" in file.source(call):
        return None
    if any(name.id == "task" for name in file.of(ast.Name)):
        return None
    parts = (
        f"task = {file.source(call)}",
        f"{keeper}.add(task)",
        f"task.add_done_callback({keeper}.discard)",
    )
    return _statements(parts)


def _statements(parts: tuple[str, ...]) -> Fix:
    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.SimpleStatementLine):
            return None
        first, *others = (cst.parse_statement(part) for part in parts)
        return cst.FlattenSentinel(
            [
                first.with_changes(leading_lines=node.leading_lines),
                *others,
            ]
        )

    return fix
