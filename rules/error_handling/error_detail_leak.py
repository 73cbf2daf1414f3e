"""ERR108."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import BROAD, caught, is_log_call, last_name, run_by
from rules.error_handling.http_exceptions import HTTP_EXCEPTIONS, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_ANSWERS = {
    "fastapi.responses.JSONResponse": "content",
    "fastapi.responses.PlainTextResponse": "content",
    "fastapi.responses.HTMLResponse": "content",
    "fastapi.responses.ORJSONResponse": "content",
}
_INNER = ("sqlalchemy.", "sqlite3.", "asyncpg.", "psycopg", "aiosqlite.", "httpx.", "requests.",
    "aiohttp.", "redis.", "botocore.", "pymongo.")  # fmt: skip
_INNER_BUILTIN = frozenset({"OSError", "IOError", "KeyError", "AttributeError", "TypeError"})
_TRACEBACKS = frozenset({"traceback.format_exc", "traceback.format_exception"})
_CLEANS = re.compile(
    r"(^|_)(redact|saniti[sz]e|scrub|mask|censor|strip_secrets|safe_error)", re.IGNORECASE
)


@rule(
    "ERR108",
    on=(ast.Call, ast.Return),
    calls=("HTTPException", "JSONResponse", "PlainTextResponse", "HTMLResponse", "ORJSONResponse"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/stack-trace-exposure",),
)
def error_detail_leak(node: ast.Call | ast.Return, file: SourceFile) -> Iterator[Problem]:
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

    So is what a route returns, and what a handler of all exceptions answers:

    ```python
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse

    app = FastAPI()


    @app.get("/markets")
    async def markets():
        try:
            return load()
        except Exception as error:
            return {"status": "error", "message": str(error)}  # finding


    @app.exception_handler(Exception)
    async def failed(request, exc):
        return JSONResponse({"detail": f"{exc}"}, status_code=500)  # finding
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
    if isinstance(node, ast.Return):
        name, text = "", _returned(node, file)
    else:
        name = file.qualified_name(node.func) or ""
        text = _text(node, name, file)
    leaked = _leaked(text, file) if text is not None else None
    if text is None or leaked is None or _said_before(node, file):
        return
    what = file.source(leaked)
    yield Problem(
        node,
        f"`{what[:60]}` goes to the client: it can name tables, paths, hosts and keys."
        " Log the error and answer with a fixed text.",
        fix=_fixed_text(node, text, file)
        if isinstance(node, ast.Call) and name in HTTP_EXCEPTIONS
        else None,
    )


def _text(call: ast.Call, name: str, file: SourceFile) -> ast.expr | None:
    if name in HTTP_EXCEPTIONS:
        return file.argument(call, 1, "detail")
    if name in _ANSWERS:
        return file.argument(call, 0, _ANSWERS[name])
    return None


def _returned(node: ast.Return, file: SourceFile) -> ast.expr | None:
    """What a handler of a route returns as its answer, when it is a dictionary."""
    if not isinstance(node.value, ast.Dict) or not file.routes:
        return None
    return node.value if file.route(file.enclosing_function(node)) is not None else None


def _leaked(text: ast.expr, file: SourceFile) -> ast.expr | None:
    """The part of an answer that is the text of an unexpected error."""
    for part in file.within(text):
        if _is_cleaned(part, text, file):
            continue
        if isinstance(part, ast.Call) and file.qualified_name(part.func) in _TRACEBACKS:
            return part
        if isinstance(part, ast.Name) and (found := _in_variable(part, file)) is not None:
            return found
        if isinstance(part, ast.Name) and _is_unexpected(part, file) and _as_text(part, file):
            holder = file.parent(part)
            return holder if isinstance(holder, ast.Call) else part
    return None


def _is_cleaned(part: ast.AST, text: ast.expr, file: SourceFile) -> bool:
    """Whether a function that takes secrets out stands around it: `redact(str(error))`."""
    for around in file.ancestors(part):
        if isinstance(around, ast.Call) and _CLEANS.search(last_name(around.func)):
            return True
        if around is text:
            return False
    return False


def _in_variable(name: ast.Name, file: SourceFile) -> ast.expr | None:
    """The text of the error in a variable that the same handler sets: `message = str(error)`."""
    value = file.value(name)
    handler = next((p for p in file.ancestors(name) if isinstance(p, ast.ExceptHandler)), None)
    if value is None or handler is None or handler not in file.ancestors(value):
        return None
    return None if isinstance(value, ast.Name) else _leaked(value, file)


def _as_text(name: ast.Name, file: SourceFile) -> bool:
    """Whether the whole exception becomes text, and not just its class or one attribute."""
    match file.parent(name):
        case ast.FormattedValue():
            return True
        case ast.Call(func=ast.Name(id=function)):
            return function in {"str", "repr"} and isinstance(file.parent(name), ast.Call)
        case ast.keyword(arg="detail") | ast.BinOp(op=ast.Mod()):
            return True
        case ast.Tuple() as values:
            around = file.parent(values)
            return isinstance(around, ast.BinOp) and isinstance(around.op, ast.Mod)
        case ast.Call(func=ast.Attribute(attr="format")):
            return True
        case _:
            return False


def _is_unexpected(name: ast.Name, file: SourceFile) -> bool:
    for parent in file.ancestors(name):
        if isinstance(parent, ast.IfExp) and "isinstance" in file.source(parent.test):
            return False
        if isinstance(parent, ast.ExceptHandler) and parent.name == name.id:
            return any(_is_inner(kind) for kind in caught(parent, file))
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return _handles_all(parent, name.id, file)
    return False


def _handles_all(function: FunctionNode, name: str, file: SourceFile) -> bool:
    """Whether this is an exception handler of the app and the name is the exception it is given."""
    arguments = [argument.arg for argument in function.args.args]
    if name not in arguments[1:2]:
        return False
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="exception_handler"), args=[kind]):
                return file.qualified_name(kind) == "Exception" or file.literal(kind) == 500
            case _:
                continue
    return False


def _is_inner(kind: str) -> bool:
    return kind in BROAD or kind in _INNER_BUILTIN or kind.startswith(_INNER)


def _said_before(call: ast.AST, file: SourceFile) -> bool:
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
