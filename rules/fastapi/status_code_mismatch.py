"""FAS108."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.fastapi.answers import (
    is_fastapi_route,
    is_open,
    is_response,
    keyword,
    returns,
    status_code,
)
from rules.fastapi.signature_edits import with_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_WITHOUT_BODY = {204, 304, 205}
_CREATES = re.compile(r"^(create|add|new|register|insert)_")
_SIBLINGS = 2


@rule("FAS108", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def status_code_mismatch(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The status of a route does not fit what it does.

    An answer with 204 or 304 has no body: what the handler returns is thrown away, or the
    server breaks off the connection.

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.delete("/orders/{number}", status_code=204)
    async def delete(number: int):
        return {"deleted": number}  # finding: warning
    ```

    A route that creates says so with 201, as the others in the file do:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.post("/orders", status_code=201)
    async def create_order(): ...


    @router.post("/alerts", status_code=201)
    async def create_alert(): ...


    @router.post("/markets")  # finding: suggestion
    async def create_market(): ...
    ```

    ```python fixed
    from fastapi import APIRouter

    router = APIRouter()


    @router.post("/orders", status_code=201)
    async def create_order(): ...


    @router.post("/alerts", status_code=201)
    async def create_alert(): ...


    @router.post("/markets", status_code=201)
    async def create_market(): ...
    ```

    Nothing returned, a response without a body, or a file that does not use 201:

    ```python
    from fastapi import APIRouter, Response

    router = APIRouter()


    @router.delete("/orders/{number}", status_code=204)
    async def delete(number: int) -> None:
        if number:
            return None
        return


    @router.delete("/alerts/{number}", status_code=204)
    async def delete_alert(number: int):
        return Response(status_code=204)


    @router.post("/markets")
    async def create_market(): ...
    ```
    """
    routes = [route for route in file.routes if is_fastapi_route(route)]
    for route in routes:
        if status_code(route.call, file) in _WITHOUT_BODY:
            yield from _bodies(route, file)
    yield from _not_created(routes, file)


def _bodies(route: Route, file: SourceFile) -> Iterator[Problem]:
    code = status_code(route.call, file)
    if _sets_another(route.function, file):
        return
    for statement in returns(route.function, file):
        if _is_body(statement.value, file):
            yield Problem(
                statement,
                f"`{route.label()}` answers {code}, which has no body: this value never reaches the client."
                " Return nothing, or use 200.",
            )
            return


def _sets_another(function: FunctionNode, file: SourceFile) -> bool:
    """Whether the handler gives its answer a status of its own: `response.status_code = 501`."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "status_code"
        and isinstance(node.ctx, ast.Store)
        for node in file.body(function)
    )


def _is_body(value: ast.expr | None, file: SourceFile) -> bool:
    """A value that surely is neither nothing nor a response."""
    if value is None or is_response(value, file):
        return False
    if isinstance(value, ast.Constant):
        return value.value is not None
    return isinstance(value, (ast.Dict, ast.List, ast.JoinedStr, ast.ListComp, ast.DictComp))


def _not_created(routes: list[Route], file: SourceFile) -> Iterator[Problem]:
    creating = [route for route in routes if _is_creating(route)]
    with_201 = [route for route in creating if status_code(route.call, file) == 201]
    silent = [route for route in creating if keyword(route.call, "status_code") is None]
    if len(with_201) < _SIBLINGS or len(with_201) < 2 * len(silent):
        return
    for route in silent:
        if not is_open(route.call):
            yield Problem(
                route.call,
                f"`{route.label()}` creates something and answers 200; the other routes here answer 201."
                " Add `status_code=201`.",
                severity=Severity.SUGGESTION,
                confidence=Confidence.MEDIUM,
                fix=with_keyword("status_code", _as_written(with_201[0], file)),
            )


def _is_creating(route: Route) -> bool:
    if route.methods != frozenset({"post"}) or (route.path or "").endswith("}"):
        return False
    return _CREATES.match(route.function.name) is not None


def _as_written(route: Route, file: SourceFile) -> str:
    """The status as the neighbours spell it."""
    given = keyword(route.call, "status_code")
    return file.source(given) if given is not None else "201"
