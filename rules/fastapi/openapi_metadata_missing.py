"""FAS117."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.source import kind_of
from rules.error_handling.handlers import last_name
from rules.fastapi.answers import is_fastapi_route, is_health_check, is_open, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

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

    In the documentation it shows as the name of its function. The same is said of the one router
    without tags.

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
    yield from _untagged(file)
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


def _untagged(file: SourceFile) -> Iterator[Problem]:
    """The router of a file whose routes have no tags, when those of nearly all other files have."""
    project = file.project
    if project is None or not file.routes:
        return
    here = project.endpoints_by_module.get(file.module, [])
    if not here or any(endpoint.tagged for endpoint in here):
        return
    tagged, others = project.memo("tagged modules", lambda: _tagged_modules(project))
    router = next((r for r in file.routes if not _is_hidden(r, file)), None)
    if router is None or len(tagged) < _SIBLINGS or others != {file.module}:
        return
    made = file.value(router.owner) if isinstance(router.owner, ast.Name) else None
    if made is None or file.enclosing_function(made) is not None:
        return  # A function that makes routers leaves the tags to whoever includes them.
    if isinstance(made, ast.Call) and last_name(made.func) == "APIRouter":
        yield Problem(
            made,
            f"`{ast.unparse(router.owner)}` has no tags, so its routes stand apart in the documentation; all other"
            ' routers here have. Give it `tags=["…"]`.',
            confidence=Confidence.MEDIUM,
        )


def _tagged_modules(project: Project) -> tuple[set[str], set[str]]:
    """The modules whose routes have tags, and those of which none has."""
    tagged = {
        module
        for module, endpoints in project.endpoints_by_module.items()
        if any(endpoint.tagged for endpoint in endpoints)
    }
    bare = {
        module
        for module, endpoints in project.endpoints_by_module.items()
        if module not in tagged
        and not any(router.is_app for router in project.modules[module].routers)
        and kind_of(project.modules[module].path) is FileKind.CODE
        and endpoints
    }
    return tagged, bare


def _is_hidden(route: Route, file: SourceFile) -> bool:
    if (route.path == "/" and not route.prefix) or is_health_check(route):
        return True
    given = keyword(route.call, "include_in_schema")
    return given is not None and file.literal(given) is not True


def _is_described(route: Route) -> bool:
    if is_open(route.call) or ast.get_docstring(route.function) is not None:
        return True
    return any(keyword(route.call, name) is not None for name in ("summary", "description"))
