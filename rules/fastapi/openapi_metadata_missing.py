"""FAS117."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.fastapi.answers import is_fastapi_route, is_health_check, is_open, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.routes import Route
    from rules.core.source import SourceFile

_SIBLINGS = 4


@rule(
    "FAS117",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor",),
)
def openapi_metadata_missing(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """One route of a file says nothing about itself, while all others do.

    In the documentation it shows as the name of its function.

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets")
    async def markets() -> None:
        \"\"\"All markets.\"\"\"


    @router.get("/orders", summary="All orders")
    async def orders() -> None: ...


    @router.get("/news")
    async def news() -> None:
        \"\"\"All news.\"\"\"


    @router.get("/charts")
    async def charts() -> None:
        \"\"\"All charts.\"\"\"


    @router.get("/trades")
    async def trades() -> None: ...  # finding
    ```

    A route that the documentation does not show, or a file whose routes differ in this:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets")
    async def markets() -> None:
        \"\"\"All markets.\"\"\"


    @router.get("/orders")
    async def orders() -> None: ...


    @router.get("/trades", include_in_schema=False)
    async def trades() -> None: ...
    ```
    """
    routes = [r for r in file.routes if is_fastapi_route(r) and not _is_hidden(r, file)]
    if len({route.function for route in routes}) <= _SIBLINGS:
        return
    bare = [route for route in routes if not _is_described(route)]
    if len({route.function for route in bare}) == 1:
        yield Problem(
            bare[0].function,
            f"`{bare[0].label()}` has neither a docstring nor a `summary`; all other routes here say what they do.",
            confidence=Confidence.MEDIUM,
        )


def _is_hidden(route: Route, file: SourceFile) -> bool:
    if (route.path == "/" and not route.prefix) or is_health_check(route):
        return True
    given = keyword(route.call, "include_in_schema")
    return given is not None and file.literal(given) is not True


def _is_described(route: Route) -> bool:
    if is_open(route.call) or ast.get_docstring(route.function) is not None:
        return True
    return any(keyword(route.call, name) is not None for name in ("summary", "description"))
