"""SQL114."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.sql.queries import Query, queries
from rules.sqlite.placeholders import Placeholders, inserted, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_CONTAINER = re.compile(
    r"(^|_)(params?|parameters|args|values?|vals|rows?|data|record|records|tuple|bindings?|items?"
    r"|fields|payload|batch|list|ids|tup|kwargs|binds?|vars|entry)(\d+)?$",
    re.IGNORECASE,
)
_SCALARS = {
    "int",
    "float",
    "bool",
    "str",
    "bytes",
    "datetime.datetime",
    "datetime.date",
    "uuid.UUID",
}
_METHODS = {"execute", "executemany", "execute_fetchall", "execute_insert"}


@rule("SQL114", on=ast.Module, severity=Severity.CRITICAL)
def parameter_mismatch(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A query given the wrong number, names or shape of parameters raises, or binds the wrong thing.

    `(x)` is `x`, not a tuple: an `int` raises "parameters are of unsupported type", a text is
    taken apart into its characters, so that a one-letter test passes and production fails. A
    wrong number raises "Incorrect number of bindings supplied".

    ```python
    import sqlite3


    def titles(conn: sqlite3.Connection, user_id: int) -> list[tuple[str]]:
        cursor = conn.cursor()
        cursor.execute("SELECT title FROM articles WHERE user_id = ?", (user_id))  # finding
        return cursor.fetchall()
    ```

    ```python fixed
    import sqlite3


    def titles(conn: sqlite3.Connection, user_id: int) -> list[tuple[str]]:
        cursor = conn.cursor()
        cursor.execute("SELECT title FROM articles WHERE user_id = ?", (user_id,))
        return cursor.fetchall()
    ```

    Too few values, a name that is missing, another driver's placeholders, a row too short:

    ```python
    import sqlite3


    def save(conn: sqlite3.Connection, title: str, url: str) -> None:
        conn.execute("INSERT INTO articles (title, url) VALUES (?, ?)", (title,))  # finding
        conn.execute(  # finding
            "UPDATE articles SET title = :title WHERE url = :url", {"title": title}
        )
        conn.execute("DELETE FROM articles WHERE url = %s", (url,))  # finding
        conn.execute("INSERT INTO articles (title, url) VALUES (?)", (title,))  # finding
    ```

    The right number is fine, in any form, and what is computed is left alone:

    ```python
    import sqlite3


    def save(
        conn: sqlite3.Connection, title: str, ids: list[int], extra: dict[str, str]
    ) -> None:
        conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        conn.execute("INSERT INTO articles (title) VALUES (?)", [title])
        conn.execute(
            "SELECT '?' FROM articles WHERE title = :title", {"title": title, **extra}
        )
        marks = ",".join("?" * len(ids))
        conn.execute(f"SELECT title FROM articles WHERE id IN ({marks})", ids)
        params = (title, "url")
        conn.execute("UPDATE articles SET title = ? WHERE url = ?", (params))
    ```
    """
    for query in queries(file):
        if query.method in _METHODS and query.text is not None and not _is_meant(query, file):
            yield from _problems(query, file)


def _is_meant(query: Query, file: SourceFile) -> bool:
    """Whether a test around the call expects it to be refused."""
    return file.kind is FileKind.TEST and any(
        isinstance(parent, (ast.With, ast.AsyncWith))
        and any("aises" in file.source(item.context_expr) for item in parent.items)
        for parent in file.ancestors(query.call)
    )


def _problems(query: Query, file: SourceFile) -> Iterator[Problem]:
    assert query.text is not None
    if query.text.holes or not query.verb or query.driver == "other":
        return
    sql = query.sql
    wanted = placeholders(sql)
    if query.driver == "sqlalchemy":
        yield from _of_text(query, wanted, file)
        return
    if query.driver == "unknown" and (wanted.percents or not (wanted.marks or wanted.names)):
        return
    counts = inserted(sql)
    if counts is not None and counts[0] != counts[1]:
        columns, values = counts
        yield Problem(
            query.call,
            f"The `INSERT` names {_count(columns, 'column')} but gives {_count(values, 'value')}.",
        )
        return
    given = _given(query, file)
    if wanted.percents and query.driver == "sqlite" and given is not None and not wanted.marks:
        yield Problem(
            query.call,
            "SQLite takes `?` (or `:name`) for a parameter, not `%s`: this is a syntax error.",
        )
        return
    if given is None:
        if _lacks(query, wanted):
            what = _wanted(wanted)
            yield Problem(query.call, f"The query has {what} but is given no parameters.")
        return
    rows = given.elts if query.method == "executemany" and isinstance(given, ast.List) else [given]
    for row in rows:
        if query.method == "executemany" and row is given:
            continue
        if (problem := _row(query, row, wanted, file)) is not None:
            yield problem
            return


def _given(query: Query, file: SourceFile) -> ast.expr | None:
    return file.argument(query.call, 1, "parameters")


def _lacks(query: Query, wanted: Placeholders) -> bool:
    """Whether there certainly are no parameters although there should be."""
    starred = any(isinstance(item, ast.Starred) for item in query.call.args)
    if starred or query.call.keywords or query.driver != "sqlite":
        return False
    return len(query.call.args) == 1 and bool(wanted.positional or wanted.names)


def _row(query: Query, row: ast.expr, wanted: Placeholders, file: SourceFile) -> Problem | None:
    values = _resolved(row, file)
    match values:
        case ast.Tuple(elts=items) | ast.List(elts=items):
            if any(isinstance(item, ast.Starred) for item in items):
                return None
            return _sequence(query, len(items), wanted)
        case ast.Dict(keys=keys):
            return _mapping(query, keys, wanted, file)
        case _:
            return _scalar(query, row, wanted, file)


def _resolved(row: ast.expr, file: SourceFile) -> ast.expr:
    if isinstance(row, ast.Name) and isinstance(value := file.value(row), ast.Tuple):
        return value
    return row


def _sequence(query: Query, number: int, wanted: Placeholders) -> Problem | None:
    if wanted.names and not wanted.positional:
        return None
    if wanted.names or wanted.positional == number or wanted.percents:
        return None
    if query.driver == "unknown" and not wanted.positional:
        return None
    return Problem(
        query.call,
        f"The query has {_wanted(wanted)} but is given {_count(number, 'value')}.",
    )


def _mapping(
    query: Query, keys: list[ast.expr | None], wanted: Placeholders, file: SourceFile
) -> Problem | None:
    known = [file.literal(key) if key is not None else ... for key in keys]
    if any(not isinstance(key, str) for key in known):
        return None
    missing = [name for name in wanted.names if name not in known]
    if wanted.positional and not wanted.names:
        return Problem(
            query.call,
            f"The query has {_wanted(wanted)}, which take a sequence, but is given a dictionary.",
        )
    if not missing:
        return None
    names = ", ".join(f"`:{name}`" for name in missing)
    return Problem(query.call, f"The query asks for {names}, which the dictionary does not have.")


def _scalar(query: Query, row: ast.expr, wanted: Placeholders, file: SourceFile) -> Problem | None:
    """`(x)`, or a plain `x` that is certainly no sequence."""
    if query.method == "executemany" or wanted.positional == 0:
        return None
    parenthesised = _in_parentheses(row, file)
    certain = _is_scalar(row, file)
    if not certain and not (parenthesised and wanted.positional == 1 and _looks_scalar(row, file)):
        return None
    shown = " ".join(file.source(row).split())
    written = f"({shown})" if parenthesised else shown
    return Problem(
        query.call,
        f"`{written}` is not a tuple: the parameters must be a sequence. Write `({shown},)`.",
        fix=_tuple_of(row, file) if wanted.positional == 1 else None,
        confidence=Confidence.HIGH if certain or parenthesised else Confidence.MEDIUM,
    )


def _in_parentheses(node: ast.expr, file: SourceFile) -> bool:
    if node.lineno != node.end_lineno:
        return False
    line = file.lines[node.lineno - 1].encode()
    before = line[: node.col_offset].decode(errors="ignore").rstrip()
    after = line[node.end_col_offset or 0 :].decode(errors="ignore").lstrip()
    return before.endswith("(") and after.startswith(")") and not after.startswith("),)")


def _is_scalar(node: ast.expr, file: SourceFile) -> bool:
    match node:
        case ast.Constant(value=value):
            return value is not None
        case ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id="str" | "int" | "float")):
            return True
        case ast.Name():
            bindings = file.names.reaching(node)
            return bool(bindings) and all(
                b.kind == "argument"
                and b.annotation is not None
                and file.annotation(b.annotation) in _SCALARS
                for b in bindings
            )
        case _:
            return False


def _looks_scalar(node: ast.expr, file: SourceFile) -> bool:
    match node:
        case ast.Name(id=name):
            kind = file.qualified_name(node)
            if kind in {"list", "tuple", "dict"} or _CONTAINER.search(name):
                return False
            return not any(
                isinstance(value, (ast.Tuple, ast.List, ast.Dict, ast.ListComp, ast.BinOp))
                for value in file.values(node)
            )
        case ast.Attribute(attr=name):
            return not _CONTAINER.search(name)
        case ast.Subscript(slice=ast.Constant(value=str())):
            return True
        case _:
            return False


def _tuple_of(row: ast.expr, file: SourceFile) -> Fix:
    from rules.sqlite.edits import with_parameters

    return with_parameters(f"({file.source(row)},)")


def _of_text(query: Query, wanted: Placeholders, file: SourceFile) -> Iterator[Problem]:
    """`session.execute(text("… :id"), {…})`: names that nothing gives."""
    if "bindparams" in file.source(query.call) or not isinstance(query.statement, ast.Call):
        return
    given = file.argument(query.call, 1, "params") or file.argument(query.call, 1, "parameters")
    if isinstance(given, ast.Dict) and wanted.names:
        problem = _mapping(query, given.keys, wanted, file)
        if problem is not None:
            yield problem
    elif given is None and wanted.names and not query.call.keywords and len(query.call.args) == 1:
        yield Problem(query.call, f"The query has {_wanted(wanted)} but is given no parameters.")


def _wanted(wanted: Placeholders) -> str:
    if wanted.positional:
        return _count(wanted.positional, "placeholder")
    return "the placeholders " + ", ".join(f"`:{name}`" for name in wanted.names)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
