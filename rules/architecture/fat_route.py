"""ARC106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.architecture.layers import SERVICES, in_layer
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.tables.effects import QUERY_METHODS, QUERY_OWNERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_CLIENTS = ("httpx.", "requests.", "aiohttp.", "boto3.", "openai.", "stripe.")
_LONG = 30
_SERVICES = 2
_BRANCHES = 4


@rule(
    "ARC106",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor",),
)
def fat_route(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """One handler queries the database, calls another API and computes, all by itself.

    None of the three can be tested or used without HTTP. The project has services: the handler
    checks the request, calls one of them and shapes the answer. Only handlers of thirty lines and
    more are meant.

    ```python
    # path: app/routers/orders.py
    import httpx
    from fastapi import APIRouter
    from sqlalchemy.ext.asyncio import AsyncSession

    router = APIRouter()


    @router.post("/orders")
    async def create(number: int, db: AsyncSession, client: httpx.AsyncClient):  # finding
        await db.execute("SELECT 1")
        total = 0.0
        if number > 0:
            total += 0
        else:
            total -= 0
        if number > 1:
            total += 1
        else:
            total -= 1
        if number > 2:
            total += 2
        else:
            total -= 2
        if number > 3:
            total += 3
        else:
            total -= 3
        if number > 4:
            total += 4
        else:
            total -= 4
        if number > 5:
            total += 5
        else:
            total -= 5
        if number > 6:
            total += 6
        else:
            total -= 6
        await client.get("https://example.com", timeout=5)
        return total
    ```

    ```python
    # path: app/services/orders.py
    ```

    ```python
    # path: app/services/news.py
    ```

    A handler that leaves the work to a service is fine:

    ```python
    from fastapi import APIRouter

    from app.services import orders

    router = APIRouter()


    @router.post("/orders")
    async def create(number: int) -> str:
        return await orders.create(number)
    ```
    """
    if not file.routes or file.project is None:
        return
    if len(in_layer(file.project, SERVICES)) < _SERVICES:
        return
    for route in file.routes:
        function = route.function
        lines = (function.end_lineno or function.lineno) - function.lineno
        if lines >= _LONG and _does_everything(route, file):
            yield Problem(
                function,
                f"`{function.name}` ({lines} lines) queries the database, calls another API and computes."
                " Leave the work to a service and keep the handler short.",
                confidence=Confidence.MEDIUM,
            )
            return


def _does_everything(route: Route, file: SourceFile) -> bool:
    queries = calls = branches = 0
    for node in file.body(route.function):
        if isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ListComp)):
            branches += 1
        if isinstance(node, ast.Call) and (name := file.qualified_name(node.func)) is not None:
            owner, _, method = name.rpartition(".")
            queries += owner in QUERY_OWNERS and method in QUERY_METHODS
            calls += name.startswith(_CLIENTS)
    return bool(queries and calls) and branches >= _BRANCHES
