"""FAS102."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.fastapi.answers import is_fastapi_route, keyword
from rules.fastapi.signature_edits import without_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route


@rule(
    "FAS102",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
    peers=("ruff:FAST001",),
)
def response_model_redundant(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The `response_model` repeats the return type.

    FastAPI takes the return type as the model by itself; written twice, one of them will be
    forgotten at the next change. Said once in a file, at the first place.

    ```python
    from fastapi import APIRouter
    from pydantic import BaseModel

    router = APIRouter()


    class Market(BaseModel):
        id: str


    @router.get("/markets", response_model=list[Market])  # finding
    async def markets() -> list[Market]: ...
    ```

    ```python fixed
    from fastapi import APIRouter
    from pydantic import BaseModel

    router = APIRouter()


    class Market(BaseModel):
        id: str


    @router.get("/markets")
    async def markets() -> list[Market]: ...
    ```

    Another model filters what is returned, and `None` switches the model off:

    ```python
    from fastapi import APIRouter
    from pydantic import BaseModel

    router = APIRouter()


    class Market(BaseModel):
        id: str


    class FullMarket(Market):
        secret: str


    @router.get("/markets", response_model=list[Market])
    async def markets() -> list[FullMarket]: ...


    @router.get("/pages", response_model=None)
    async def pages() -> None: ...
    ```
    """
    found = [route for route in file.routes if is_fastapi_route(route) and _is_repeated(route)]
    found.sort(key=lambda route: route.call.lineno)
    for route in found[:1]:
        more = f" (so do {len(found) - 1} more here)" if len(found) > 1 else ""
        yield Problem(
            route.call,
            f"`response_model` repeats the return type of `{route.function.name}`{more}. Leave it out.",
            fix=without_keyword("response_model"),
        )


def _is_repeated(route: Route) -> bool:
    model, returned = keyword(route.call, "response_model"), route.function.returns
    if model is None or returned is None:
        return False
    if isinstance(model, ast.Constant) and model.value is None:
        return False
    return ast.unparse(model) == ast.unparse(returned)
