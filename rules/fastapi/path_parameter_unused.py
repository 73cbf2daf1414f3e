"""FAS104."""

from __future__ import annotations

import ast
from difflib import SequenceMatcher
from keyword import iskeyword
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.core.web.routes import METHODS
from rules.fastapi.path_patterns import PathParameter, path_parameters
from rules.fastapi.signature_edits import with_parameter
from rules.fastapi.taken_parameters import taken_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_TYPES = {"int": "int", "float": "float"}
_ALIKE = 0.75


@rule(
    "FAS104",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:FAST003",),
)
def path_parameter_unused(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The path names a parameter that neither the handler nor a dependency takes.

    Whatever stands there in the request is ignored: every id gets the same answer, and checks
    that should look at it look at nothing.

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets/{market_id}/trades")
    async def trades(limit: int = 100) -> list[str]:  # finding
        return []
    ```

    ```python fixed
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets/{market_id}/trades")
    async def trades(market_id: str, limit: int = 100) -> list[str]:
        return []
    ```

    A parameter that is written in another way is read from the query string instead:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets/{marketId:int}")  # finding
    async def market(market_id: int) -> str:
        return str(market_id)
    ```

    ```python fixed
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets/{market_id:int}")
    async def market(market_id: int) -> str:
        return str(market_id)
    ```

    It is taken by an alias, by a dependency (also one of the router), or out of the request:

    ```python
    from typing import Annotated

    from fastapi import APIRouter, Depends, Path, Request


    def find_market(market_id: str) -> str:
        return market_id


    router = APIRouter(dependencies=[Depends(find_market)])


    @router.get("/markets/{market_id}")
    async def market() -> str: ...


    @router.get("/news/{news-id}/{topic}")
    async def news(topic: Annotated[str, Path()]) -> str: ...


    @router.get("/charts/{chart_id}")
    async def chart(chart: str = Path(alias="chart_id")) -> str: ...


    @router.get("/files/{name:path}")
    async def files(request: Request) -> str:
        return request.path_params["name"]
    ```

    Nothing is said when a dependency cannot be looked into:

    ```python
    from elsewhere import current_market
    from fastapi import APIRouter, Depends

    router = APIRouter()


    @router.get("/markets/{market_id}")
    async def market(market: str = Depends(current_market)) -> str: ...
    ```
    """
    if "{" not in file.text or not file.routes:
        return
    for route in file.routes:
        named = path_parameters(route.path or "")
        if not named or _is_plain_starlette(route):
            continue
        own = {argument.arg for argument, _ in parameters(route.function)}
        if all(parameter.name in own for parameter in named):
            continue
        taken = taken_parameters(route, file)
        if taken is None:
            continue
        missing = [parameter for parameter in named if parameter.name not in taken]
        if missing:
            yield _problem(missing, route, file, {parameter.name for parameter in named})


def _is_plain_starlette(route: Route) -> bool:
    """`route` and `websocket_route` hand over the request and nothing else."""
    function = route.call.func
    attribute = function.attr if isinstance(function, ast.Attribute) else ""
    known = attribute in METHODS or attribute in {"api_route", "websocket"}
    return not known and not attribute.startswith("add_api")


def _problem(
    missing: list[PathParameter], route: Route, file: SourceFile, named: set[str]
) -> Problem:
    parameter = missing[0]
    where = f"`{{{parameter.name}}}` of `{route.label()}`"
    given = file.argument(route.call, 0, "path")
    alike = _alike(parameter.name, route, named) if len(missing) == 1 else None
    if alike is not None and isinstance(given, ast.Constant):
        text = file.source(given)
        renamed = text.replace("{" + parameter.name, "{" + alike, 1)
        return Problem(
            given,
            f"{where} is taken by nobody; `{alike}` of `{route.function.name}` is another name, so it is"
            " read from the query string. Write them alike.",
            fix=fixes.expression(renamed) if renamed != text else None,
        )
    names = ", ".join(f"`{each.name}`" for each in missing)
    kind = _TYPES.get(parameter.converter, "str")
    can_fix = not any(iskeyword(each.name) for each in missing)
    return Problem(
        route.function,
        f"{where} is taken by neither `{route.function.name}` nor a dependency, so every value gets the same"
        f" answer. Add {names} to the signature or take it out of the path.",
        fix=with_parameter(f"{parameter.name}: {kind}") if can_fix and len(missing) == 1 else None,
    )


def _alike(name: str, route: Route, named: set[str]) -> str | None:
    """The one plain parameter of the handler that is surely meant by a path parameter."""
    plain = [
        argument.arg
        for argument, default in parameters(route.function)
        if default is None and argument.arg not in named | {"self", "cls", "request"}
    ]
    close = [other for other in plain if _ratio(name, other) >= _ALIKE]
    return close[0] if len(close) == 1 else None


def _ratio(first: str, second: str) -> float:
    one, two = (text.replace("_", "").lower() for text in (first, second))
    if one == two:
        return 1.0
    longer, shorter = max(one, two, key=len), min(one, two, key=len)
    if longer.endswith(shorter) and len(shorter) > 1:
        return 1.0
    return SequenceMatcher(None, one, two).ratio()
