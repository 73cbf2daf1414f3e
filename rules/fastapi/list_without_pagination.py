"""FAS114."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.fastapi.answers import keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_PAGES = re.compile(
    r"(^|_)(limit|offset|page|per_page|page_size|size|cursor|skip|after|before|pagination|paging|count|top|last|first)(_|$)"
)
_LISTS = {"list", "typing.List", "typing.Sequence", "collections.abc.Sequence"}
_READS_ALL = {"all", "fetchall", "fetch_all"}
_NARROWS = {
    "where", "filter", "filter_by", "limit", "paginate", "slice", "having", "first", "one",
    "one_or_none", "distinct", "group_by",
}  # fmt: skip
_USUAL = 2
_FEW = re.compile(
    r"(^|[/_\s-])(roles?|permissions?|categor(y|ies)|tags?|genres?|countr(y|ies)|currenc(y|ies)|"
    r"languages?|plans?|status(es)?|types?|kinds?|settings?|options?|features?|tiers?|regions?|"
    r"gateways?|providers?|exchanges?|choices?|levels?|zones?)([/_\s-]|$)",
    re.IGNORECASE,
)
"""Tables that people fill by hand and that stay as short as a menu."""


@rule(
    "FAS114",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor:FASTT035",),
)
def list_without_pagination(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route answers with all rows of a table, while others of the project give pages.

    It works with the rows of the first week. Take `limit` and `offset` (or a cursor) as the
    others do, with a largest value.

    ```python
    from fastapi import APIRouter, Depends
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from app.models import Market, Order, Trade

    router = APIRouter()


    def session() -> Session: ...


    @router.get("/trades")
    def trades(limit: int = 100, db: Session = Depends(session)) -> list[Trade]:
        return db.scalars(select(Trade).limit(limit)).all()


    @router.get("/orders")
    def orders(limit: int = 100, db: Session = Depends(session)) -> list[Order]:
        return db.scalars(select(Order).limit(limit)).all()


    @router.get("/markets")
    def markets(db: Session = Depends(session)) -> list[Market]:
        return db.scalars(select(Market)).all()  # finding
    ```

    Rows of one thing are few, and a project without pages has its reasons:

    ```python
    from fastapi import APIRouter, Depends
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from app.models import Market

    router = APIRouter()


    def session() -> Session: ...


    @router.get("/markets/{number}/outcomes")
    def outcomes(number: int, db: Session = Depends(session)) -> list[Market]:
        return db.scalars(select(Market).where(Market.id == number)).all()


    @router.get("/markets")
    def markets(db: Session = Depends(session)) -> list[Market]:
        return db.scalars(select(Market)).all()
    ```
    """
    if not file.routes or file.project is None:
        return
    for route in file.routes:
        if (
            route.methods != frozenset({"get"})
            or "{" in (route.path or "{")
            or _FEW.search(f"{route.path} {route.function.name}")
            or not _gives_list(route, file)
        ):
            continue
        if any(_PAGES.search(argument.arg) for argument, _ in parameters(route.function)):
            continue
        read = _whole_table(route, file)
        if read is not None and _paging_routes(file.project) >= _USUAL:
            yield Problem(
                read,
                f"`{route.label()}` answers with every row of the table; other routes here give pages."
                " Take `limit` and `offset` and bound the limit.",
                confidence=Confidence.MEDIUM,
            )


def _gives_list(route: Route, file: SourceFile) -> bool:
    declared = keyword(route.call, "response_model") or route.function.returns
    return isinstance(declared, ast.Subscript) and file.qualified_name(declared.value) in _LISTS


def _whole_table(route: Route, file: SourceFile) -> ast.Call | None:
    """The read of all rows in a handler that narrows nothing down."""
    calls = [node for node in file.body(route.function) if isinstance(node, ast.Call)]
    names = {node.func.attr for node in calls if isinstance(node.func, ast.Attribute)}
    texts = [file.text_of(node.args[0]) for node in calls if node.args]
    if names & _NARROWS or any(t and "where" in t.with_holes().lower() for t in texts):
        return None
    return next(
        (
            node
            for node in calls
            if isinstance(node.func, ast.Attribute)
            and node.func.attr in _READS_ALL
            and (isinstance(node.func.value, (ast.Call, ast.Await)) or node.func.attr != "all")
        ),
        None,
    )


def _paging_routes(project: Project) -> int:
    """How many GET routes of the project take a limit, a page or a cursor."""

    def count() -> int:
        return sum(
            any(_PAGES.search(name) for name in function.parameters)
            for facts in project.modules.values()
            for route in facts.routes
            if "get" in route.methods
            and (function := project.functions.get(route.function)) is not None
        )

    return project.memo("paging routes", count)
