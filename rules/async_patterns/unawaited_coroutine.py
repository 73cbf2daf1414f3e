"""ASY104."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.async_patterns.coroutine_calls import coroutine_calls
from rules.async_patterns.unawaited_uses import can_await, misuse
from rules.core.rule import Problem, Severity, Step, rule
from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile


_ASKS = re.compile(r"\b(iscoroutinefunction|is_coroutine_function|iscoroutine|isawaitable)\(")


@rule(
    "ASY104",
    on=ast.Module,
    severity=Severity.CRITICAL,
    peers=("flake8-async:ASYNC105", "pyright:reportUnusedCoroutine"),
    across=True,
)
def unawaited_coroutine(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A coroutine that nobody awaits does nothing, and as a value it is always true.

    Calling an `async def` only builds a coroutine object. As a statement it never runs: the
    commit does not happen, the message is not sent. In a condition it is true whatever its
    result would be. Python says so only when it collects the object, in a log line.

    ```python
    import aiosqlite


    async def save(db: aiosqlite.Connection, title: str) -> None:
        await db.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        db.commit()  # finding
    ```

    ```python fixed
    import aiosqlite


    async def save(db: aiosqlite.Connection, title: str) -> None:
        await db.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        await db.commit()
    ```

    In a condition, a comparison, an attribute access or a return:

    ```python
    class Node:
        async def is_synced(self) -> bool: ...

        async def peak(self) -> int: ...

        async def ready(self) -> bool:
            if not self.is_synced():  # finding
                return False
            return self.peak() > 10  # finding
    ```

    ```python fixed
    class Node:
        async def is_synced(self) -> bool: ...

        async def peak(self) -> int: ...

        async def ready(self) -> bool:
            if not await self.is_synced():
                return False
            return await self.peak() > 10
    ```

    A plain `def` cannot await, and one that promises a value does not keep its promise:

    ```python
    class Node:
        async def peak(self) -> int: ...

        def height(self) -> int:
            return self.peak()  # finding
    ```

    Work for a thread is a coroutine too:

    ```python
    import asyncio
    import os


    async def usable(path: str) -> bool:
        return bool(path and asyncio.to_thread(os.path.isdir, path))  # finding
    ```

    Assigned and awaited later, or given to something that awaits it, is fine:

    ```python
    import asyncio


    async def fetch(name: str) -> str: ...


    async def both() -> list[str]:
        first = fetch("a")
        second = fetch("b")
        third = asyncio.create_task(fetch("c"))
        return [*await asyncio.gather(first, second), await third]


    async def grouped() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch("a"))
    ```

    A plain function may pass a coroutine on to whoever awaits it:

    ```python
    from collections.abc import Awaitable


    async def fetch(name: str) -> str: ...


    def latest():
        return fetch("latest")


    def oldest() -> Awaitable[str]:
        return fetch("oldest")
    ```
    """
    for call, name in coroutine_calls(file):
        reason = misuse(call, file)
        if reason is not None and not _is_asked_about(call, file):
            yield Problem(
                call,
                f"`{_shown(call, name, file)}` is not awaited: {reason}."
                f"{'' if can_await(call, file) else ' Only an `async def` can await it.'}",
                fix=_await(call, file) if can_await(call, file) else None,
                trace=tuple(_defined(name, file)),
            )


def _is_asked_about(call: ast.Call, file: SourceFile) -> bool:
    """Whether it stands under a question what the function is: `iscoroutinefunction(f)`."""
    for around in file.ancestors(call):
        if isinstance(around, (ast.If, ast.IfExp)) and _ASKS.search(file.source(around.test)):
            return True
        if isinstance(around, FUNCTIONS):
            return False
    return False


def _defined(name: str, file: SourceFile) -> Iterator[Step]:
    """Where a coroutine of another file is defined."""
    path = file.project.path_of(name) if file.project is not None else ""
    if file.project is not None and path and path != file.path:
        line = file.project.functions[name].line
        yield Step(path, line, f"`{file.project.label(name)}` is an `async def`")


def _shown(call: ast.Call, name: str, file: SourceFile) -> str:
    text = file.source(call.func)
    return f"{name if len(text) > 50 or chr(10) in text else text}(...)"


def _await(call: ast.Call, file: SourceFile) -> Fix:
    tight = isinstance(file.parent(call), (ast.Attribute, ast.Subscript))

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        if tight:
            return cst.Await(node, lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        return cst.Await(node)

    return fix
