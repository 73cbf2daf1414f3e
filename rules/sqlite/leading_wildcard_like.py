"""SQL110: a LIKE that begins with a wildcard and so reads every row."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, Step, rule
from rules.core.schema.tables import Schema, schema_of
from rules.core.sql.chains import statements
from rules.core.sql.index_advice import planner_of
from rules.core.sql.planner import PlanError
from rules.core.sql.queries import queries
from rules.core.sql.raw_statements import raw_statement
from rules.core.sql.rendering import Rendered, render
from rules.tables.columns import is_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.schema.tables import Table
    from rules.core.source import SourceFile
    from rules.core.sql.queries import Query

_WILD = re.compile(
    r"\b(?P<column>[\w.\"]+\)?)\s+(?:NOT\s+)?I?LIKE\s+(?:'%[^']|'%'\s*\|\|)", re.IGNORECASE
)
_BOUND = re.compile(r"\b(?P<column>[\w.\"]+\)?)\s+I?LIKE\s+(?:\?|:\w+|%s|\$\d)", re.IGNORECASE)
_CASE = re.compile(r"\bcase\b(?:(?!\bcase\b).)*?\bend\b", re.IGNORECASE | re.DOTALL)
"""What sorts the rows that were read anyway."""
_TEXTS = frozenset({"str", "string", "text", "varchar", "unicode", "unicodetext"})
_SEARCHES = frozenset({"contains", "icontains", "like", "ilike", "endswith"})


@rule(
    "SQL110",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
)
def leading_wildcard_like(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A LIKE whose pattern begins with `%` can use no index: every row is read and compared.

    For words in text an FTS5 table answers from an index; for prefixes drop the first `%`. The
    query is planned against the project's own schema, and reported only if it scans the table.

    ```python
    import sqlite3

    SCHEMA = "CREATE TABLE articles (id INTEGER PRIMARY KEY, feed TEXT, title TEXT)"


    def search(db: sqlite3.Connection, word: str) -> list[tuple[str]]:
        return db.execute(  # finding
            "SELECT title FROM articles WHERE title LIKE ?", (f"%{word}%",)
        ).fetchall()
    ```

    A prefix is found by an index, and rows that another condition has picked are few:

    ```python
    import sqlite3

    SCHEMA = '''
        CREATE TABLE articles (id INTEGER PRIMARY KEY, feed TEXT, title TEXT);
        CREATE INDEX articles_by_feed ON articles (feed);
    '''


    def titles(db: sqlite3.Connection, start: str) -> list[tuple[str]]:
        return db.execute(
            "SELECT title FROM articles WHERE title LIKE ?", (f"{start}%",)
        ).fetchall()


    def search(db: sqlite3.Connection, feed: str, word: str) -> list[tuple[str]]:
        return db.execute(
            "SELECT title FROM articles WHERE feed = ? AND title LIKE ?",
            (feed, f"%{word}%"),
        ).fetchall()
    ```
    """
    if file.project is None:
        return
    if not ("like" in file.lowered or "contains" in file.called_names):
        return
    schema = schema_of(file.project)
    if schema.scripts.has_search:
        return
    yield from _in_texts(file, schema)
    yield from _in_chains(file, schema)


def _in_texts(file: SourceFile, schema: Schema) -> Iterator[Problem]:
    for query in queries(file):
        if query.verb in {"update", "delete"}:
            continue  # A change in bulk runs rarely, and no search waits for it.
        if query.text is None or (column := _searched(file, query)) is None:
            continue
        statement = raw_statement(query, schema, file.path)
        if statement is not None and (table := _scanned(file, statement, column)) is not None:
            yield _problem(query.call, table, column)


def _searched(file: SourceFile, query: Query) -> str | None:
    """The column that is compared with a pattern beginning with `%`."""
    sql = _CASE.sub(" ", query.sql)
    found = _WILD.search(sql)
    if found is None and any(_is_wild(file, given) for given in _given(query.call)):
        found = _BOUND.search(sql)
    if found is None or found["column"].endswith(")"):
        return None
    return found["column"].rsplit(".", 1)[-1].strip('"').lower()


def _given(call: ast.Call) -> Iterator[ast.expr]:
    for argument in call.args[1:]:
        match argument:
            case ast.Tuple(elts=values) | ast.List(elts=values):
                yield from values
            case ast.Dict(values=values):
                yield from values
            case _:
                yield argument


def _is_wild(file: SourceFile, node: ast.expr) -> bool:
    """Whether a text begins with `%` whatever is put into it."""
    text = file.text_of(node)
    first = text.parts[0] if text is not None and text.parts else None
    return (isinstance(first, str) and first.startswith("%") and first != "%") or (
        first == "%" and text is not None and len(text.parts) > 1
    )


def _scanned(file: SourceFile, statement: Rendered, column: str) -> Table | None:
    """The table of the column when the plan reads all of it."""
    if file.project is None:
        return None
    holders = [
        table
        for table in statement.tables
        if any(found.name.lower() == column for found in table.columns.values())
    ]
    if len(holders) != 1 or is_small(holders[0]) or "*" in holders[0].unsure:
        return None
    try:
        plan = planner_of(file.project, statement.tables).plan(statement.sql)
    except PlanError:
        return None
    searches = any(line.startswith("SEARCH") for line in plan)
    return holders[0] if not searches and any(line.startswith("SCAN") for line in plan) else None


def _problem(node: ast.AST, table: Table, column: str) -> Problem:
    message = (
        f"A pattern that begins with `%` can use no index on `{column}`: each search reads all of "
        f"`{table.label}`. An FTS5 table over it answers from an index."
    )
    step = Step(table.path, table.line, f"`{table.label}` is defined here")
    return Problem(node, message, confidence=Confidence.MEDIUM, trace=(step,))


def _in_chains(file: SourceFile, schema: Schema) -> Iterator[Problem]:
    """Searches by `contains` and the like: the first of each table in a function."""
    present = sorted(_SEARCHES & file.called_names)
    calls = [call for call in file.calls(*present) if _is_search(file, call)] if present else []
    told: set[tuple[ast.AST | None, str]] = set()
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        searched = _searched_column(file, schema, call)
        if searched is None:
            continue
        table, column = searched
        key = (file.enclosing_function(call), table.label)
        if key not in told and _is_read_whole(file, schema, table, column, key[0]):
            told.add(key)
            yield _problem(call, table, column)


def _is_read_whole(
    file: SourceFile, schema: Schema, table: Table, column: str, function: ast.AST | None
) -> bool:
    """Whether a query of the function searches the column and scans its table."""
    for statement in statements(file):
        if file.enclosing_function(statement.node) is not function:
            continue
        rendered = render(statement.facts, schema, file.module)
        if rendered is None or not _compares(rendered.sql, column):
            continue
        if any(held is table for held in rendered.tables):
            return _scanned(file, rendered, column) is table
    return False


def _compares(sql: str, column: str) -> bool:
    return f'"{column}" LIKE ?' in sql.lower().replace(" like ", " LIKE ")


def _is_search(file: SourceFile, call: ast.Call) -> bool:
    if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute)):
        return False
    if call.func.attr in {"contains", "icontains", "endswith"}:
        return True
    return bool(call.args) and _is_wild(file, call.args[0])


def _searched_column(file: SourceFile, schema: Schema, call: ast.Call) -> tuple[Table, str] | None:
    """The table and the column of text that a search is called on."""
    match call.func:
        case ast.Attribute(value=ast.Attribute(value=owner, attr=attribute)):
            table = schema.model(file.qualified_name(owner) or "", file.module)
        case _:
            return None
    column = table.columns.get(attribute) if table is not None else None
    if table is None or column is None or column.type.lower() not in _TEXTS:
        return None
    return table, column.name.lower()
