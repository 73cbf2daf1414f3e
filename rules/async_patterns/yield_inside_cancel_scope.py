"""ASY118."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SCOPES = {
    "asyncio.timeout", "asyncio.timeout_at", "asyncio.TaskGroup", "anyio.create_task_group",
    "anyio.move_on_after", "anyio.fail_after", "anyio.CancelScope", "async_timeout.timeout",
}  # fmt: skip
_MANAGERS = {
    "contextlib.asynccontextmanager", "contextlib.contextmanager", "pytest.fixture",
    "pytest_asyncio.fixture",
}  # fmt: skip


@rule(
    "ASY118",
    on=ast.Yield,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:ASYNC119",),
)
def yield_inside_cancel_scope(node: ast.Yield, file: SourceFile) -> Iterator[Problem]:
    """A `yield` inside `asyncio.timeout` or a `TaskGroup` cancels the wrong code.

    Between two items of an asynchronous generator its caller runs, inside the scope: a timeout
    then cancels the caller, and when the caller stops early, the scope ends in another task or
    never. Keep `yield` outside, or make the generator a context manager.

    ```python
    import asyncio
    from collections.abc import AsyncIterator


    async def pages(queue: asyncio.Queue[str]) -> AsyncIterator[str]:
        async with asyncio.timeout(10):
            while True:
                yield await queue.get()  # finding
    ```

    The scope around the await alone, or a context manager:

    ```python
    import asyncio
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager


    async def pages(queue: asyncio.Queue[str]) -> AsyncIterator[str]:
        while True:
            async with asyncio.timeout(10):
                page = await queue.get()
            yield page


    @asynccontextmanager
    async def group() -> AsyncIterator[asyncio.TaskGroup]:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    ```
    """
    function = file.enclosing_function(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        return
    scope = _scope_around(node, function, file)
    if scope is not None and not _is_managed(function, file):
        yield Problem(
            node,
            f"`yield` inside `{scope}`: the caller runs inside the scope and is cancelled by it, and"
            " an early end leaves it open. Yield outside of it.",
        )


def _scope_around(node: ast.Yield, function: ast.AsyncFunctionDef, file: SourceFile) -> str | None:
    for parent in file.ancestors(node):
        if parent is function:
            return None
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            for item in parent.items:
                expression = item.context_expr
                if isinstance(expression, ast.Call):
                    name = file.qualified_name(expression.func)
                    if name in _SCOPES:
                        return name
    return None


def _is_managed(function: ast.AsyncFunctionDef, file: SourceFile) -> bool:
    for decorator in function.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        if file.qualified_name(inner) in _MANAGERS:
            return True
    return file.is_dependency(function)
