"""SQL111."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.sql.queries import Query, queries
from rules.sqlite.loops import item_names, mentions, row_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_PER_ROW = {"lastrowid", "rowcount", "inserted_primary_key", "fetchone", "fetchall", "scalar"}
_CHEAP = {
    "str", "int", "float", "bool", "len", "get", "dumps", "isoformat", "strip", "lower", "upper",
    "encode", "hex", "time", "now", "uuid4", "append", "items", "round", "Decimal", "values",
    "insert", "info", "debug", "dict", "tuple", "model_dump", "utcnow", "max", "min", "timestamp",
    "join", "text", "update", "delete", "where", "execute", "zip", "abs", "add", "print", "format",
    "replace", "split", "sorted", "list", "getattr", "isinstance", "asdict", "bytes", "to_bytes",
}  # fmt: skip

_SETS_UP = re.compile(
    r"^_*(init(iali[sz]e)?|migrate|seed|bootstrap|set_?up|ensure|create|upgrade|install)(_?(db|database|schema|tables?|"
    r"defaults?|data|migrations?)\w*)?$|(^|_)(seed|migrations?|defaults|schema)(_|$)"
)
"""Names of functions that bring an empty database to its first rows."""


@rule(
    "SQL111",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
)
def execute_in_loop(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """One `INSERT`, `UPDATE` or `DELETE` per row where `executemany` sends them all at once.

    The statement is prepared and sent again for each row; in `aiosqlite` each is also a trip to
    another thread. `executemany` (or a list of dictionaries given to `session.execute`) does a
    thousand rows in the time of a few.

    ```python
    import sqlite3


    def save(conn: sqlite3.Connection, titles: list[str]) -> None:
        for title in titles:  # finding
            conn.execute("INSERT INTO articles VALUES (?)", (title,))
        conn.commit()
    ```

    ```python fixed
    import sqlite3


    def save(conn: sqlite3.Connection, titles: list[str]) -> None:
        conn.executemany("INSERT INTO articles VALUES (?)", [(title,) for title in titles])
        conn.commit()
    ```

    Rows whose key is needed, statements that differ, and work between them:

    ```python
    import sqlite3


    def save(conn: sqlite3.Connection, titles: list[str]) -> list[int]:
        conn.executemany("INSERT INTO articles VALUES (?)", [(title,) for title in titles])
        keys = []
        for title in titles:
            cursor = conn.execute("INSERT INTO articles VALUES (?)", (title,))
            keys.append(cursor.lastrowid)
        for table in ("articles", "authors"):
            conn.execute(f"DELETE FROM {table}")
        for title in titles:
            try:
                conn.execute("INSERT INTO articles VALUES (?)", (title,))
            except sqlite3.IntegrityError:
                print(title)
        return keys
    ```
    """
    for query in queries(file):
        if query.method not in {"execute", "exec_driver_sql"} or query.verb not in {
            "insert", "update", "delete", "replace",
        }:  # fmt: skip
            continue
        if query.driver in {"rest", "other"} or (query.text is not None and query.text.holes):
            continue
        if _sets_up(query.call, file):
            continue
        loop = row_loop(query.call, file)
        if isinstance(loop, (ast.For, ast.AsyncFor)) and _is_batchable(query, loop, file):
            yield _problem(query, loop, file)


def _sets_up(call: ast.Call, file: SourceFile) -> bool:
    """Whether the function makes or changes the tables, once, and the rows belong to that."""
    function = file.enclosing_function(call)
    if function is None:
        return False
    if _SETS_UP.search(function.name) is not None:
        return True
    return "ALTER TABLE" in file.text and "ALTER TABLE" in file.source(function)


def _problem(query: Query, loop: ast.For | ast.AsyncFor, file: SourceFile) -> Problem:
    if query.driver != "sqlalchemy":
        instead = "`executemany(sql, rows)`"
    elif query.verb == "delete":
        instead = "one statement with `.where(….in_(…))`"
    elif query.verb == "update":
        instead = "`.where(….in_(…))`, or one `session.execute(update(…), [{…}, …])`"
    else:
        instead = "one `session.execute(statement, [{…}, …])`"
    fix = _executemany(query, loop, file)
    committed = any(_commits(node, query, file) for node in file.body(loop))
    return Problem(
        loop if fix is not None else query.call,
        f"This `{query.verb.upper()}` runs{' and is committed' if committed else ''} once for each item of"
        f" the loop; send all rows with {instead}{', and commit once' if committed else ''}.",
        fix=fix,
    )


def _is_batchable(query: Query, loop: ast.For | ast.AsyncFor, file: SourceFile) -> bool:
    """Whether the loop does nothing per row but make the row and write it."""
    names = item_names(loop, file)
    if not any(mentions(argument, names) for argument in query.call.args[1:]):
        built = query.statement is not None and query.text is None
        if not (built and query.statement is not None and mentions(query.statement, names)):
            return False
    if query.text is None and query.verb != "insert" and not _is_of_one(query, names):
        return False
    if "RETURNING" in query.sql.upper() or _is_used(query.call, file):
        return False
    return all(_is_simple(node, query, file) for node in file.body(loop))


def _is_of_one(query: Query, names: frozenset[str]) -> bool:
    """Whether a built statement changes the row whose key is the item, and says no more of it."""
    if query.verb not in {"update", "delete"} or query.statement is None:
        return False
    compared = [node for node in ast.walk(query.statement) if isinstance(node, ast.Compare)]
    match compared:
        case [ast.Compare(left=ast.Attribute(attr="id"), ops=[ast.Eq()])]:
            return mentions(compared[0], names)
        case _:
            return False


def _is_used(call: ast.Call, file: SourceFile) -> bool:
    """Whether the cursor that the call gives is kept."""
    parent = file.parent(call)
    if isinstance(parent, ast.Await):
        parent = file.parent(parent)
    return not isinstance(parent, ast.Expr)


def _is_simple(node: ast.AST, query: Query, file: SourceFile) -> bool:
    match node:
        case ast.Try() | ast.TryStar() | ast.With() | ast.AsyncWith() | ast.While() | ast.Return():
            return False
        case ast.Break() | ast.Yield() | ast.YieldFrom() | ast.For() | ast.AsyncFor():
            return False
        case ast.Await(value=value):
            return value is query.call or _commits(value, query, file)
        case ast.Attribute(attr=attr):
            return attr not in _PER_ROW
        case ast.Call() if _commits(node, query, file):
            return True
        case ast.Call(func=func) if node is not query.call:
            last = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            return last in _CHEAP and (last != "execute" or _writes(node, file))
        case _:
            return True


def _commits(node: ast.AST, query: Query, file: SourceFile) -> bool:
    """Whether the round also ends the transaction: a wait for the disk for each row."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="commit")):
            return file.source(owner) == file.source(query.owner)
        case _:
            return False


def _writes(call: ast.Call, file: SourceFile) -> bool:
    return any(query.call is call and query.writes for query in queries(file))


def _executemany(query: Query, loop: ast.For | ast.AsyncFor, file: SourceFile) -> Fix | None:
    """The fix of a loop whose whole body is the call: the loop becomes a comprehension of rows."""
    body, call = loop.body, query.call
    if len(body) != 1 or not isinstance(loop, ast.For) or loop.orelse or len(call.args) != 2:
        return None
    if query.driver != "sqlite" or not isinstance(call.args[1], (ast.Tuple, ast.Dict)):
        return None
    if file.statement(call) is not body[0] or len({loop.lineno, call.lineno}) != 2:
        return None
    owner, sql, row = (file.source(node) for node in (query.owner, *call.args))
    awaited = "await " if file.is_awaited(call) else ""
    rows = f"[{row} for {file.source(loop.target)} in {file.source(loop.iter)}]"
    return fixes.statement(f"{awaited}{owner}.executemany({sql}, {rows})\n")
