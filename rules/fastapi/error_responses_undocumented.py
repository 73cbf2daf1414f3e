"""FAS116."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.fastapi.answers import is_fastapi_route, is_open, keyword, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_SIBLINGS = 3
_MOST = 0.75
_SELF_EVIDENT = {401, 403, 422, 429, 500, 501, 502, 503, 504}


@rule(
    "FAS116",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def error_responses_undocumented(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route raises an error that its documentation does not name, while its siblings' do.

    Generated clients treat it as impossible.

    ```python
    from fastapi import APIRouter, HTTPException

    router = APIRouter()


    @router.get("/markets/{number}", responses={404: {"description": "No such market"}})
    async def market(number: int) -> str:
        raise HTTPException(404)


    @router.get("/orders/{number}", responses={404: {"description": "No such order"}})
    async def order(number: int) -> str:
        raise HTTPException(404)


    @router.get("/news/{number}", responses={404: {"description": "No such article"}})
    async def news(number: int) -> str:
        raise HTTPException(404)


    @router.get("/charts/{number}")
    async def chart(number: int) -> str:  # finding
        raise HTTPException(404)
    ```

    Where nobody documents errors, nothing is missing:

    ```python
    from fastapi import APIRouter, HTTPException

    router = APIRouter()


    @router.get("/markets/{number}")
    async def market(number: int) -> str:
        raise HTTPException(404)
    ```
    """
    if not file.routes or "responses=" not in file.text or _is_for_all(file):
        return
    routes = [route for route in file.routes if is_fastapi_route(route)]
    raising = [(route, raised) for route in routes if (raised := _raised(route, file))]
    complete = [route for route, raised in raising if _documented(route, file) >= raised]
    if len(complete) < _SIBLINGS or len(complete) < _MOST * len(raising):
        return
    for route, raised in raising:
        missing = sorted(raised - _documented(route, file))
        if missing and not is_open(route.call):
            names = ", ".join(map(str, missing))
            yield Problem(
                route.function,
                f"`{route.label()}` raises {names}, which its `responses` do not name; those of the other routes"
                " here do.",
                confidence=Confidence.MEDIUM,
            )


def _is_for_all(file: SourceFile) -> bool:
    """Whether a router of the file documents errors for all of its routes."""
    return any(keyword(call, "responses") for call in file.calls("APIRouter", "FastAPI"))


def _raised(route: Route, file: SourceFile) -> set[int]:
    """The constant statuses of the HTTPExceptions that the handler itself raises."""
    found: set[int] = set()
    for node in file.body(route.function):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = file.qualified_name(node.exc.func) or ""
            if name.endswith(".HTTPException"):
                status = status_of(file.argument(node.exc, 0, "status_code"), file)
                if status is not None and status not in _SELF_EVIDENT:
                    found.add(status)
    return found


def _documented(route: Route, file: SourceFile) -> set[int]:
    given = keyword(route.call, "responses")
    if isinstance(given, ast.Name):
        given = file.value(given) or given
    if isinstance(given, ast.Dict):
        keys = (status_of(key, file) for key in given.keys if key is not None)
        found = {key for key in keys if key is not None}
        return found if None not in given.keys else found | set(range(400, 500))
    return set(range(400, 500)) if given is not None else set()
