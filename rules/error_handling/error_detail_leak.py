"""ERR108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import BROAD, caught, is_log_call, run_by
from rules.error_handling.http_exceptions import HTTP_EXCEPTIONS, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_ANSWERS = {
    "fastapi.responses.JSONResponse": "content",
    "fastapi.responses.PlainTextResponse": "content",
    "fastapi.responses.HTMLResponse": "content",
    "fastapi.responses.ORJSONResponse": "content",
}
_INNER = ("sqlalchemy.", "sqlite3.", "asyncpg.", "psycopg", "aiosqlite.", "httpx.", "requests.",
    "aiohttp.", "redis.", "botocore.", "pymongo.", "jwt.", "jose.")  # fmt: skip
_INNER_BUILTIN = frozenset({"OSError", "IOError", "KeyError", "AttributeError", "TypeError"})
_TRACEBACKS = frozenset({"traceback.format_exc", "traceback.format_exception"})


@rule(
    "ERR108",
    on=ast.Call,
    calls=("HTTPException", "JSONResponse", "PlainTextResponse", "HTMLResponse", "ORJSONResponse"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/stack-trace-exposure",),
)
def error_detail_leak(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """The text of an unexpected error tells a client what only the log should know.

    It carries SQL and table names, paths, internal addresses, sometimes a keyed URL. Log the
    error with its traceback and answer with a fixed text. Reported once for each function.

    ```python
    import logging

    from fastapi import HTTPException

    logger = logging.getLogger(__name__)


    async def markets(store):
        try:
            return await store.all()
        except Exception as error:
            logger.exception("No markets")
            raise HTTPException(status_code=500, detail=str(error)) from error  # finding
    ```

    ```python fixed
    import logging

    from fastapi import HTTPException

    logger = logging.getLogger(__name__)


    async def markets(store):
        try:
            return await store.all()
        except Exception as error:
            logger.exception("No markets")
            raise HTTPException(status_code=500, detail="Internal server error") from error
    ```

    A traceback, and the error of a database or of another service, are the same:

    ```python
    import sqlite3
    import traceback

    from fastapi import HTTPException
    from fastapi.responses import JSONResponse


    def add(conn):
        try:
            conn.execute("INSERT INTO markets DEFAULT VALUES")
        except sqlite3.Error as error:
            raise HTTPException(400, f"Could not add: {error}") from error  # finding


    def failed(request, exc):
        return JSONResponse({"trace": traceback.format_exc()}, status_code=500)  # finding
    ```

    The text of an error that the code expects is written for the client:

    ```python
    from fastapi import HTTPException


    class MarketClosedError(Exception):
        pass


    def trade(book, size: str):
        try:
            return book.trade(float(size))
        except (ValueError, MarketClosedError) as error:
            raise HTTPException(status_code=400, detail=str(error)) from error
    ```
    """
    name = file.qualified_name(call.func) or ""
    text = _text(call, name, file)
    if text is None:
        return
    leaked = _leaked(text, file)
    if leaked is None or _said_before(call, file):
        return
    what = file.source(leaked)
    yield Problem(
        call,
        f"`{what[:60]}` goes to the client: it can name tables, paths, hosts and keys."
        " Log the error and answer with a fixed text.",
        fix=_fixed_text(call, text, file) if name in HTTP_EXCEPTIONS else None,
    )


def _text(call: ast.Call, name: str, file: SourceFile) -> ast.expr | None:
    if name in HTTP_EXCEPTIONS:
        return file.argument(call, 1, "detail")
    if name in _ANSWERS:
        return file.argument(call, 0, _ANSWERS[name])
    return None


def _leaked(text: ast.expr, file: SourceFile) -> ast.expr | None:
    """The part of an answer that is the text of an unexpected error."""
    for part in file.within(text):
        if isinstance(part, ast.Call) and file.qualified_name(part.func) in _TRACEBACKS:
            return part
        if isinstance(part, ast.Name) and _is_unexpected(part, file) and _as_text(part, file):
            holder = file.parent(part)
            return holder if isinstance(holder, ast.Call) else part
    return None


def _as_text(name: ast.Name, file: SourceFile) -> bool:
    """Whether the whole exception becomes text, and not just its class or one attribute."""
    match file.parent(name):
        case ast.FormattedValue():
            return True
        case ast.Call(func=ast.Name(id=function)):
            return function in {"str", "repr"} and isinstance(file.parent(name), ast.Call)
        case ast.keyword(arg="detail"):
            return True
        case _:
            return False


def _is_unexpected(name: ast.Name, file: SourceFile) -> bool:
    for parent in file.ancestors(name):
        if isinstance(parent, ast.ExceptHandler) and parent.name == name.id:
            return any(_is_inner(kind) for kind in caught(parent, file))
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
    return False


def _is_inner(kind: str) -> bool:
    return kind in BROAD or kind in _INNER_BUILTIN or kind.startswith(_INNER)


def _said_before(call: ast.Call, file: SourceFile) -> bool:
    """Whether the function tells the client of an error further up already."""
    function = file.enclosing_function(call)
    first = file.memo("ERR108", dict[int, int])
    return first.setdefault(id(function), id(call)) != id(call) if function else False


def _fixed_text(call: ast.Call, text: ast.expr, file: SourceFile) -> Fix | None:
    """A fixed text, when the error is logged anyway and the status says all there is to say."""
    handler = next((p for p in file.ancestors(call) if isinstance(p, ast.ExceptHandler)), None)
    if handler is None or status_of(call, file) != 500:
        return None
    if not any(is_log_call(part) for part in run_by(handler.body, file)):
        return None
    new = file.source(call).replace(file.source(text), '"Internal server error"', 1)
    return fixes.expression(new)
