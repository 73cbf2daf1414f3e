"""Which context managers and iterators are asynchronous, which are not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from rules.core.source import SourceFile

type Kind = Literal["async", "sync"]

_ASYNC = {
    "aiohttp.ClientSession", "httpx.AsyncClient", "aiosqlite.Connection", "aiosqlite.Cursor",
    "asyncio.Lock", "asyncio.Semaphore", "asyncio.BoundedSemaphore", "asyncio.Condition",
    "asyncio.TaskGroup", "asyncio.timeout", "asyncio.timeout_at", "asyncpg.Pool",
    "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.ext.asyncio.AsyncConnection",
    "psycopg.AsyncConnection", "psycopg.AsyncCursor", "contextlib.AsyncExitStack",
    "anyio.create_task_group", "anyio.Lock", "anyio.Semaphore", "contextlib.aclosing",
    "websockets.connect",
}  # fmt: skip
_SYNC = {
    "io.TextIOWrapper", "sqlite3.Connection", "httpx.Client", "requests.Session",
    "threading.Lock", "threading.RLock", "threading.Semaphore", "threading.Condition",
    "contextlib.ExitStack", "contextlib.closing", "contextlib.suppress", "zipfile.ZipFile",
    "tempfile.TemporaryDirectory", "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor", "anyio.move_on_after", "anyio.fail_after",
    "anyio.CancelScope",
}  # fmt: skip


def context_kind(expression: ast.expr, file: SourceFile) -> Kind | None:
    """Whether an expression can be entered only by `async with`, only by `with`, or who knows."""
    if isinstance(expression, ast.Call):
        called = file.qualified_name(expression.func)
        if found := _decorated(called, file):
            return found
        if called in _ASYNC:
            return "async"
    name = file.qualified_name(expression)
    if name in _ASYNC:
        return "async"
    if name in _SYNC:
        return "sync"
    return _own_class(name, file)


def _decorated(name: str | None, file: SourceFile) -> Kind | None:
    """A function of this file made a context manager by `contextlib`."""
    function = file.names.functions().get(name or "")
    if function is None:
        return None
    decorators = {file.qualified_name(item) for item in function.decorator_list}
    if decorators == {"contextlib.asynccontextmanager"}:
        return "async"
    return "sync" if decorators == {"contextlib.contextmanager"} else None


def _own_class(name: str | None, file: SourceFile) -> Kind | None:
    class_ = file.names.classes().get(name or "")
    if class_ is None or class_.bases:
        return None
    methods = {item.name for item in class_.body if isinstance(item, FUNCTIONS)}
    if "__aenter__" in methods and "__enter__" not in methods:
        return "async"
    return "sync" if "__enter__" in methods and "__aenter__" not in methods else None


def iterator_kind(expression: ast.expr, file: SourceFile) -> Kind | None:
    """Whether a call gives an asynchronous or a plain generator, for functions of this file."""
    if isinstance(expression, (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp)):
        return "sync"
    if not isinstance(expression, ast.Call):
        return None
    called = file.qualified_name(expression.func)
    if called == "range":
        return "sync"
    function = file.names.functions().get(called or "")
    if function is None or function.decorator_list or not _yields(function, file):
        return None
    return "async" if isinstance(function, ast.AsyncFunctionDef) else "sync"


def _yields(function: ast.AST, file: SourceFile) -> bool:
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in file.body(function))
