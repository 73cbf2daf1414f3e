"""Which context managers and iterators are asynchronous, which are not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from rules.core.facts import FunctionFacts
    from rules.core.source import SourceFile

type Kind = Literal["async", "sync"]

_ASYNC = {
    "aiohttp.ClientSession", "httpx.AsyncClient", "aiosqlite.Connection", "aiosqlite.Cursor",
    "asyncio.Lock", "asyncio.Semaphore", "asyncio.BoundedSemaphore", "asyncio.Condition",
    "asyncio.TaskGroup", "asyncio.timeout", "asyncio.timeout_at", "asyncpg.Pool",
    "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.ext.asyncio.AsyncConnection",
    "psycopg.AsyncConnection", "psycopg.AsyncCursor", "contextlib.AsyncExitStack",
    "anyio.create_task_group", "anyio.Lock", "anyio.Semaphore", "contextlib.aclosing",
    "websockets.connect", "aiofiles.AsyncFile", "aiofiles.open", "anyio.AsyncFile",
    "anyio.open_file", "httpx.AsyncClient.stream", "aiohttp.ClientSession.get",
    "aiohttp.ClientSession.post", "aiohttp.ClientSession.ws_connect", "redis.asyncio.Redis.pipeline",
    "redis.asyncio.Redis.lock", "asyncpg.Pool.acquire", "asyncpg.Connection.transaction",
}  # fmt: skip
_ASYNC_ITERATORS = {
    "httpx.Response.aiter_lines", "httpx.Response.aiter_bytes", "httpx.Response.aiter_text",
    "httpx.Response.aiter_raw", "redis.asyncio.Redis.scan_iter",
    "fastapi.WebSocket.iter_text", "fastapi.WebSocket.iter_json", "fastapi.WebSocket.iter_bytes",
    "fastapi.Request.stream",
}  # fmt: skip
_CONTAINERS = {"list", "tuple", "set", "dict", "str", "range"}
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
    function = file.defined.functions.get(name or "")
    if function is None:
        return _decorated_elsewhere(name or "", file)
    decorators = {file.qualified_name(item) for item in function.decorator_list}
    if decorators == {"contextlib.asynccontextmanager"}:
        return "async"
    return "sync" if decorators == {"contextlib.contextmanager"} else None


def _decorated_elsewhere(name: str, file: SourceFile) -> Kind | None:
    """The same for a function of another file of the project."""
    known = _elsewhere(name, file)
    if known is None:
        return None
    if known.decorators == ("contextlib.asynccontextmanager",) and known.is_async:
        return "async"
    is_plain = known.decorators == ("contextlib.contextmanager",) and not known.is_async
    return "sync" if is_plain else None


def _elsewhere(name: str, file: SourceFile) -> FunctionFacts | None:
    """The one function of that name in another file of the project."""
    if file.project is None or file.project.is_async(name) is None:
        return None
    return file.project.functions.get(name)


def _own_class(name: str | None, file: SourceFile) -> Kind | None:
    class_ = file.defined.classes.get(name or "")
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
    if isinstance(expression, ast.Name):
        is_plain = file.qualified_name(expression) in _CONTAINERS
        return "sync" if is_plain and len(file.names.reaching(expression)) == 1 else None
    if not isinstance(expression, ast.Call):
        return None
    called = file.qualified_name(expression.func) or ""
    if called == "range":
        return "sync"
    if called in _ASYNC_ITERATORS:
        return "async"
    function = file.defined.functions.get(called)
    if function is None:
        return _generator_elsewhere(called, file)
    if function.decorator_list or not _yields(function, file):
        return None
    return "async" if isinstance(function, ast.AsyncFunctionDef) else "sync"


def _generator_elsewhere(name: str, file: SourceFile) -> Kind | None:
    """The kind of generator that a function of another file of the project is."""
    known = _elsewhere(name, file)
    if known is None or known.decorators or not known.is_generator:
        return None
    return "async" if known.is_async else "sync"


def _yields(function: ast.AST, file: SourceFile) -> bool:
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in file.body(function))
