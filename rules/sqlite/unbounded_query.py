"""SQL112."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Problem, Severity, rule
from rules.core.sql.queries import Query, builder_of, queries_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_BOUNDS = re.compile(
    r"\b(limit|where|having|join|count\s*\(|sum\s*\(|max\s*\(|min\s*\(|avg\s*\(|group\s+by|distinct"
    r"|sqlite_master|sqlite_schema|information_schema)",
    re.IGNORECASE,
)
_ALL = {"fetchall", "all", "fetch_all", "execute_fetchall", "fetch"}
_SMALL = re.compile(
    r"config|setting|categor|role|status|type|tag|plan|locale|language|country|version|migration|provider|feature|flag"
    r"|permission|privilege|scope|state$|(?<!time)zones?$|regions?$|currenc|units?$|methods?$|functions?$|templates?$|faq|about|contact(_|[A-Z])"
    r"|section|banner|menu|navigation|webhook|integration|module|department|office|branch|warehouse"
    r"|requirement|skill|theme|layout|policy|policies|strateg|exchange|connector"
    r"|polic(y|ies)|rules?$|level|tier|rank|badge|portfolio$|stage|pipeline|channel$",
    re.IGNORECASE,
)
"""Words for what is written by hand, of which there are few however long the service runs."""
_ARRANGED = re.compile(
    r"(order|sort|display)_?(index|order|position)|position\b|\bpriority\b|\bsort\b"
)
"""Columns by which somebody arranges the rows by hand."""


@rule("SQL112", on=ast.Module, severity=Severity.WARNING, peers=("fastapi-doctor:FASTT035",))
def unbounded_query(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route that loads a whole table grows slower, and bigger in memory, with every row.

    It works on the first day. Take `limit` and `offset` (or a cursor) as query parameters, with
    an upper bound, and pass them to the query.

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/articles")
    def articles() -> list[tuple[str]]:
        conn = sqlite3.connect("news.db")
        try:
            return conn.execute(  # finding
                "SELECT title FROM articles ORDER BY id"
            ).fetchall()
        finally:
            conn.close()
    ```

    The same with SQLAlchemy or SQLModel:

    ```python
    from typing import Annotated

    from fastapi import Depends, FastAPI
    from sqlmodel import Session, select

    from app.db import Article, get_session

    app = FastAPI()


    @app.get("/articles")
    def articles(session: Annotated[Session, Depends(get_session)]) -> list[Article]:
        return session.exec(select(Article)).all()  # finding
    ```

    A limit, a condition, a count, and what is no table of its own:

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/articles")
    def articles(limit: int = 50) -> list[tuple[str]]:
        conn = sqlite3.connect("news.db")
        try:
            conn.execute("SELECT count(*) FROM articles").fetchall()
            conn.execute("SELECT name FROM settings").fetchall()
            conn.execute("SELECT title FROM articles WHERE author_id = ?", (1,)).fetchall()
            return conn.execute("SELECT title FROM articles LIMIT ?", (limit,)).fetchall()
        finally:
            conn.close()
    ```
    """
    for route in file.routes:
        if "get" not in route.methods:
            continue
        for query in queries_in(file, route.function):
            if query.verb == "select" and _loads_a_table(query, file):
                yield _problem(query, route)


def _problem(query: Query, route: Route) -> Problem:
    return Problem(
        query.call,
        f"`{route.label()}` loads the whole table, however long it gets."
        " Take a bounded `limit` and an offset or cursor, and use them in the query.",
    )


def _loads_a_table(query: Query, file: SourceFile) -> bool:
    if query.text is not None:
        sql = query.sql
        if query.text.holes or _BOUNDS.search(sql) or (found := _table(sql)) is None:
            return False
        if _ARRANGED.search(sql):
            return False
        return not _SMALL.search(found) and _takes_all(query, file)
    if query.method == "all":
        return _old_style(query) and not _ARRANGED.search(file.source(query.call))
    if query.statement is None or not isinstance(query.statement, (ast.Call, ast.Name)):
        return False
    if _ARRANGED.search(file.source(query.statement)):
        return False
    return _is_plain_select(query.statement, file) and _takes_all(query, file)


def _table(sql: str) -> str | None:
    found = re.search(
        r"\bfrom\s+([\w.\"]+)\s*(order\s+by\b.*)?;?\s*$", sql, re.IGNORECASE | re.DOTALL
    )
    return found[1] if found else None


def _is_plain_select(statement: ast.expr, file: SourceFile) -> bool:
    """`select(Model)` with nothing but `order_by` and `options` after it, built in one place."""
    if isinstance(statement, ast.Name):
        value = file.value(statement)
        return (
            value is not None and len(file.values(statement)) == 1 and _is_plain_select(value, file)
        )
    node: ast.expr = statement
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if builder_of(file, node) is not None and node.func.attr == "select":
            break
        if node.func.attr not in {"order_by", "options"}:
            return False
        node = node.func.value
    return _selects_a_model(node, file)


def _selects_a_model(node: ast.expr, file: SourceFile) -> bool:
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return False
    model = node.args[0]
    last = model.attr if isinstance(model, ast.Attribute) else getattr(model, "id", "")
    return last[:1].isupper() and not _SMALL.search(last) and builder_of(file, node) is not None


def _old_style(query: Query) -> bool:
    node: ast.expr = query.call
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "query":
            model = node.args[0] if len(node.args) == 1 else None
            last = model.attr if isinstance(model, ast.Attribute) else getattr(model, "id", "")
            return last[:1].isupper() and not _SMALL.search(last)
        if node.func.attr not in {"all", "order_by", "options"}:
            return False
        node = node.func.value
    return False


def _takes_all(query: Query, file: SourceFile) -> bool:
    """Whether every row of the result is fetched."""
    if query.method in _ALL:
        return True
    node: ast.AST = query.call
    while (parent := file.parent(node)) is not None:
        match parent:
            case ast.Await() | ast.Attribute():
                if isinstance(parent, ast.Attribute) and parent.attr in _ALL:
                    return True
                if isinstance(parent, ast.Attribute) and parent.attr not in {
                    "scalars",
                    "unique",
                    "mappings",
                }:
                    return False
            case ast.Call(func=func) if func is node:
                pass
            case ast.Call(func=ast.Name(id="list")):
                return True
            case ast.Assign(targets=[ast.Name(id=name)]):
                return _fetched(name, query, file)
            case _:
                return False
        node = parent
    return False


def _fetched(name: str, query: Query, file: SourceFile) -> bool:
    function = file.enclosing_function(query.call)
    if function is None:
        return False
    for node in file.body(function):
        if isinstance(node, ast.Attribute) and node.attr in _ALL:
            inner = node.value
            while isinstance(inner, (ast.Call, ast.Attribute)):
                inner = inner.func if isinstance(inner, ast.Call) else inner.value
            if isinstance(inner, ast.Name) and inner.id == name:
                return True
    return False
