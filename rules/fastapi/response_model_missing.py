"""FAS101."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.fastapi.answers import (
    declares_answer,
    is_fastapi_route,
    is_health_check,
    is_response,
    keyword,
    returns,
    status_code,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_SIBLINGS = 3
_MOST = 0.75


@rule(
    "FAS101",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor:FASTT012",),
)
def response_model_missing(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route does not say what it answers, while the others of the file do.

    Its answer is neither filtered nor documented: a field that is added to the object is sent
    to every client.

    ```python
    from fastapi import APIRouter
    from pydantic import BaseModel

    router = APIRouter()


    class Market(BaseModel):
        id: str


    @router.get("/markets", response_model=list[Market])
    async def markets(): ...


    @router.get("/markets/top")
    async def top() -> Market: ...


    @router.get("/markets/new")
    async def new() -> list[Market]: ...


    @router.get("/markets/{market_id}")
    async def market(market_id: str):  # finding
        return {"id": market_id}
    ```

    A response object, no content, or a file in which nobody declares answers:

    ```python
    from fastapi import APIRouter
    from fastapi.responses import RedirectResponse

    router = APIRouter()


    @router.get("/old")
    async def old():
        return RedirectResponse("/new")


    @router.delete("/old", status_code=204)
    async def delete():
        remove()


    @router.get("/price")
    async def price():
        return {"price": 1}
    ```
    """
    routes = [route for route in file.routes if is_fastapi_route(route)]
    if len(routes) <= _SIBLINGS:
        return
    declared = [route for route in routes if declares_answer(route)]
    if len(declared) < _SIBLINGS or len(declared) < _MOST * len(routes):
        return
    told: set[ast.AST] = set()
    for route in routes:
        if route not in declared and route.function not in told and _answers_json(route, file):
            told.add(route.function)
            yield Problem(
                route.function,
                f"`{route.label()}` declares no answer; the other routes here do. Add a return type or a"
                " `response_model`, so that only its fields are sent and documented.",
                confidence=Confidence.MEDIUM,
            )


def _answers_json(route: Route, file: SourceFile) -> bool:
    """Whether it returns values that are no response objects, and belongs to the documented API."""
    if is_health_check(route) or status_code(route.call, file) == 204:
        return False
    hidden = keyword(route.call, "include_in_schema")
    if hidden is not None and file.literal(hidden) is False:
        return False
    given = [found.value for found in returns(route.function, file) if found.value is not None]
    plain = [
        value for value in given if not (isinstance(value, ast.Constant) and value.value is None)
    ]
    return bool(plain) and all(_is_json(value, file) for value in plain)


def _is_json(value: ast.expr, file: SourceFile) -> bool:
    """A literal or a known object; what an unknown function returns may be a response."""
    if isinstance(value, (ast.Dict, ast.List, ast.ListComp, ast.DictComp)):
        return True
    name = file.qualified_name(value) or ""
    return (
        bool(name)
        and "." in name
        and not name.endswith("()")
        and not is_response(value, file)
        and name.rpartition(".")[2][:1].isupper()
    )
