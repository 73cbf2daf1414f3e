"""ERR104."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import last_name
from rules.error_handling.http_exceptions import is_http_exception

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile


@rule("ERR104", on=ast.Return, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def http_exception_returned(node: ast.Return, file: SourceFile) -> Iterator[Problem]:
    """A route that returns an `HTTPException` instead of raising it answers 200.

    FastAPI turns the exception object into JSON like any other value, or fails on the response
    model. The client sees a success, and a dependency that returns one lets the request through.

    ```python
    from fastapi import APIRouter, HTTPException

    router = APIRouter()


    @router.get("/markets/{market_id}")
    async def market(market_id: str, markets: dict[str, str]):
        if market_id not in markets:
            return HTTPException(status_code=404, detail="No such market")  # finding
        return markets[market_id]
    ```

    ```python fixed
    from fastapi import APIRouter, HTTPException

    router = APIRouter()


    @router.get("/markets/{market_id}")
    async def market(market_id: str, markets: dict[str, str]):
        if market_id not in markets:
            raise HTTPException(status_code=404, detail="No such market")
        return markets[market_id]
    ```

    A function that only makes the exception, for others to raise:

    ```python
    from fastapi import HTTPException


    def not_found(what: str) -> HTTPException:
        return HTTPException(status_code=404, detail=f"No such {what}")
    ```
    """
    value = node.value
    if not isinstance(value, (ast.Call, ast.Name, ast.IfExp)):
        return
    if not file.imports("fastapi", "starlette") or not is_http_exception(value, file):
        return
    function = file.enclosing_function(node)
    if function is None or not _answers(function, file):
        return
    route = file.route(function)
    where = f"`{route.label()}`" if route else f"`{function.name}`"
    yield Problem(
        node,
        f"{where} returns the `HTTPException` instead of raising it: the client gets"
        " 200 with the exception as its body. Use `raise`.",
        fix=None
        if isinstance(value, ast.IfExp)
        else fixes.small_statement(f"raise {file.source(value)}"),
    )


def _answers(function: FunctionNode, file: SourceFile) -> bool:
    """Whether what the function returns becomes an answer or lets a request through."""
    if file.route(function) is not None or file.is_dependency(function):
        return True
    if any(last_name(d) in {"exception_handler", "middleware"} for d in function.decorator_list):
        return True
    returns = [part for part in file.body(function) if isinstance(part, ast.Return)]
    others = [part for part in returns if not is_http_exception(part.value, file)]
    return function.returns is None and any(part.value is not None for part in others)
