"""ARC109."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.architecture.layers import ROUTERS, in_layer
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.source import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_GENERIC = {
    "router", "routers", "routes", "route", "endpoints", "endpoint", "views", "view", "api",
    "controller", "controllers", "main", "app", "__init__", "v1", "v2", "auth",
}  # fmt: skip
_ENDING = re.compile(r"_(router|routes|api|views|endpoints)$")
_OTHERS = 4
_FEW = 0.1


@rule(
    "ARC109",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def router_without_test(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A router has no tests of its own, while nearly all others of the project have.

    Tests belong to a router when their file is named after it. Only projects with more than four
    routers are looked at.

    ```python
    # path: app/routers/news.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/news")
    async def news() -> str: ...  # finding
    ```

    ```python
    # path: app/routers/markets.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets")
    async def markets() -> str: ...
    ```

    ```python
    # path: app/routers/orders.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/orders")
    async def orders() -> str: ...
    ```

    ```python
    # path: app/routers/charts.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/charts")
    async def charts() -> str: ...
    ```

    ```python
    # path: app/routers/trades.py
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/trades")
    async def trades() -> str: ...
    ```

    ```python
    # path: tests/test_markets.py
    ```

    ```python
    # path: tests/test_orders.py
    ```

    ```python
    # path: tests/test_charts.py
    ```

    ```python
    # path: tests/test_trades.py
    ```

    A project that has no tests by router is left alone:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/news")
    async def news() -> str: ...
    ```
    """
    if file.project is None or not file.routes:
        return
    untested = file.project.memo("untested routers", lambda: _untested(file.project))
    if file.module not in untested:
        return
    route = min(file.routes, key=lambda route: route.call.lineno)
    yield Problem(
        route.function,
        f"No test file is named after `{_name(file.module)}`; nearly all other routers here have one."
        f" Add `test_{_name(file.module)}.py`.",
        confidence=Confidence.MEDIUM,
    )


def _untested(project: Project | None) -> frozenset[str]:
    """The few routers without tests, or nothing when it is usual to have none."""
    if project is None:
        return frozenset()
    names = {facts.module: _name(facts.module) for facts in in_layer(project, ROUTERS)}
    named = {module: name for module, name in names.items() if name}
    tests = " ".join(
        f"_{part}_"
        for facts in project.modules.values()
        if kind_of(facts.path) is FileKind.TEST
        for part in facts.module.split(".")
    )
    without = {module for module, name in named.items() if f"_{name.rstrip('s')}" not in tests}
    tested = len(named) - len(without)
    is_usual = tested >= _OTHERS and len(without) <= max(1, _FEW * len(named))
    return frozenset(without) if is_usual else frozenset()


def _name(module: str) -> str:
    """The innermost part of a module's name that says what it is about."""
    for part in reversed(module.split(".")):
        if part not in _GENERIC:
            return _ENDING.sub("", part)
    return ""
