"""SQL113."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.sql.queries import Query, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_STAR = re.compile(r"\s*select\s+(distinct\s+)?\*\s+from\s+([\w.\"`]+)", re.IGNORECASE)


@rule("SQL113", on=ast.Module, severity=Severity.SUGGESTION, silent_in=(FileKind.TEST,))
def select_star(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`SELECT *` into code that takes columns by position breaks when a column is added.

    The position of each value is the order in which the table happens to be built: a migration
    that adds a column shifts them, with no error. Name the columns that the code reads.

    ```python
    import sqlite3


    def title(conn: sqlite3.Connection, article_id: int) -> str:
        row = conn.execute(  # finding
            "SELECT * FROM articles WHERE id = ?", (article_id,)
        ).fetchone()
        return row[1]
    ```

    Columns that are named, or taken by name:

    ```python
    import sqlite3


    def title(conn: sqlite3.Connection, article_id: int) -> str:
        row = conn.execute(
            "SELECT title FROM articles WHERE id = ?", (article_id,)
        ).fetchone()
        return row[0]


    def article(conn: sqlite3.Connection, article_id: int) -> str:
        conn.row_factory = sqlite3.Row
        row = conn.execute("SELECT * FROM articles WHERE id = ?", (article_id,)).fetchone()
        return row["title"]
    ```
    """
    for query in queries(file):
        if query.verb != "select" or query.text is None or not (star := _STAR.match(query.sql)):
            continue
        function = file.enclosing_function(query.call)
        if star[2].startswith("sqlite_"):
            continue  # SQLite's own tables keep their columns.
        if function is not None and (used := _by_position(query, function, file)):
            yield Problem(
                query.call,
                f"The `*` from `{star[2]}` is taken apart by position (`{used}`): a new column"
                " shifts the values. Name the columns.",
            )


def _by_position(query: Query, function: FunctionNode, file: SourceFile) -> str:
    """How a row of the query is taken apart by position; empty when it is not."""
    rows = _rows(query, function, file)
    for node in file.body(function):
        match node:
            case ast.Subscript(value=ast.Name() as name, slice=ast.Constant(value=int())) if (
                _is_one_of(rows, name, file) and not isinstance(file.literal(node.slice), bool)
            ):
                return file.source(node)
            case ast.Assign(
                targets=[ast.Tuple(elts=[_, _, *_]) as target], value=ast.Name() as name
            ) if _is_one_of(rows, name, file):
                return file.source(target)
            case _:
                pass
    return ""


def _is_one_of(rows: set[ast.expr], name: ast.Name, file: SourceFile) -> bool:
    """Whether a variable holds one of the rows where it is used, and was not given another since."""
    bindings = file.names.reaching(name)
    return bool(bindings) and bindings[-1].value in rows


def _rows(query: Query, function: FunctionNode, file: SourceFile) -> set[ast.expr]:
    """What variables that hold one row get: `row = ….fetchone()`, `for row in ….fetchall()`."""
    single: set[ast.expr] = set()
    many: set[str] = set()
    origin = file.statement(query.call)
    match origin:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            if "fetchone" in file.source(value):
                single.add(value)
            else:
                many.add(name)
        case ast.For(target=ast.Name(), iter=iterable):
            single.add(iterable)
        case _:
            pass
    for node in file.body(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _root(value) in many:
                if "fetchone" in file.source(value):
                    single.add(value)
                else:
                    many.add(name)
            case ast.For(target=ast.Name(), iter=iterable) if _root(iterable) in many:
                single.add(iterable)
            case _:
                pass
    return single


def _root(node: ast.expr) -> str:
    while True:
        match node:
            case ast.Await(value=inner) | ast.Call(func=inner) | ast.Attribute(value=inner):
                node = inner
            case ast.Name(id=name):
                return name
            case _:
                return ""
