"""ARC102."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.architecture.layers import DATA, ROUTERS, in_layer
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import EffectFact
    from rules.core.project import Project
    from rules.core.source import SourceFile

_QUERIES = 3
_FEW = 0.2


@rule(
    "ARC102",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def sql_in_router(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A handler asks the database itself, though the project has a layer for that.

    ```python
    # path: app/db/queries.py
    import sqlite3


    def markets(connection: sqlite3.Connection):
        return connection.execute("SELECT id FROM markets").fetchall()


    def news(connection: sqlite3.Connection):
        return connection.execute("SELECT id FROM news").fetchall()


    def orders(connection: sqlite3.Connection):
        return connection.execute("SELECT id FROM orders").fetchall()
    ```

    ```python
    # path: app/routers/trades.py
    import sqlite3

    from fastapi import APIRouter

    from app.db import queries

    router = APIRouter()


    @router.get("/orders")
    def orders(connection: sqlite3.Connection) -> list[str]:
        return queries.orders(connection)


    @router.get("/trades")
    def trades(connection: sqlite3.Connection) -> list[str]:
        return connection.execute("SELECT id FROM trades").fetchall()  # finding
    ```

    ```python
    # path: app/routers/markets.py
    from fastapi import APIRouter

    from app.db import queries

    router = APIRouter()


    @router.get("/markets")
    def markets(connection) -> list[str]:
        return queries.markets(connection)


    @router.get("/news")
    def news(connection) -> list[str]:
        return queries.news(connection)


    @router.get("/charts")
    def charts() -> list[str]:
        return []


    @router.get("/prices")
    def prices() -> list[str]:
        return []
    ```

    Without such a layer the handler is the place:

    ```python
    import sqlite3

    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/trades")
    def trades(connection: sqlite3.Connection) -> list[str]:
        return connection.execute("SELECT id FROM trades").fetchall()
    ```
    """
    if file.project is None or not file.routes or not _is_unusual(file.project):
        return
    for route in file.routes:
        name = file.defined.name_of(route.function)
        known = file.project.functions.get(name)
        effects = known.effects if known is not None else ()
        line = next((effect.line for effect in effects if _is_query(effect)), None)
        if line is None:
            continue
        call = next(
            (n for n in file.body(route.function) if isinstance(n, ast.Call) and n.lineno == line),
            None,
        )
        yield Problem(
            call or route.function,
            f"`{route.function.name}` queries the database itself; this project keeps queries in its data layer,"
            f" such as `{_usual_place(file.project)}`. Put it there.",
            confidence=Confidence.MEDIUM,
        )
        return


def _is_query(effect: EffectFact) -> bool:
    return effect.kind == "query" and not effect.name.endswith(".refresh")


def _is_unusual(project: Project) -> bool:
    """Whether queries stand in a layer of their own, and hardly any handler makes one."""

    def judge() -> bool:
        layered = sum(
            any(effect.kind == "query" for effect in function.effects)
            for facts in in_layer(project, DATA)
            for function in facts.functions
            if not facts.routes
        )
        handlers = [
            project.functions.get(route.function)
            for facts in in_layer(project, ROUTERS)
            for route in facts.routes
        ]
        asking = sum(
            handler is not None and any(effect.kind == "query" for effect in handler.effects)
            for handler in handlers
        )
        return layered >= _QUERIES and asking <= _FEW * len(handlers)

    return project.memo("queries are layered", judge)


def _usual_place(project: Project) -> str:
    def count(number: int) -> int:
        facts = modules[number]
        return sum(any(e.kind == "query" for e in f.effects) for f in facts.functions)

    modules = in_layer(project, DATA)
    return modules[max(range(len(modules)), key=count)].path
