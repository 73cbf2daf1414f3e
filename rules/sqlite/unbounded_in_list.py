"""SQL116."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import FUNCTIONS
from rules.core.sql.queries import Query, builder_of, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_IN = re.compile(r"\bin\s*\(?\s*$", re.IGNORECASE)
_FEW = re.compile(
    r"status|state|kind|type|provider|categor|role|column|field|tag|feature|symbol|bot|strateg|exchange|platform|source|tenant",
    re.IGNORECASE,
)
_FETCHES = re.compile(r"\.(fetchall|fetchmany|scalars|execute|all)\(")
_LIMITED = re.compile(r"\.(limit|fetch|slice|in_|first|one)\(|\[:")
_PARTS = re.compile(r"batch|chunk|slice|page|window|part|limited|top_|some|group", re.IGNORECASE)


@rule(
    "SQL116",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def unbounded_in_list(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A placeholder per item of a list of any length fails when the list is long.

    SQLite takes 32,766 variables in a statement, 999 before version 3.32: the query works for
    years and then raises "too many SQL variables". Ask in batches, join a temporary table, or
    hand the list over as one parameter: `IN (SELECT value FROM json_each(?))`.

    ```python
    import sqlite3


    def titles(conn: sqlite3.Connection, ids: list[int]) -> list[tuple[str]]:
        marks = ",".join("?" * len(ids))
        return conn.execute(  # finding
            f"SELECT title FROM articles WHERE id IN ({marks})", ids
        ).fetchall()
    ```

    Batches, a length that is checked, and a list that is written in the code:

    ```python
    import sqlite3
    from itertools import batched


    def titles(conn: sqlite3.Connection, ids: list[int]) -> list[tuple[str]]:
        found = []
        for batch in batched(ids, 500):
            marks = ",".join("?" * len(batch))
            found += conn.execute(
                f"SELECT title FROM articles WHERE id IN ({marks})", batch
            )
        return found


    def few(conn: sqlite3.Connection, ids: list[int]) -> list[tuple[str]]:
        if len(ids) > 100:
            raise ValueError("too many ids")
        marks = ",".join("?" * len(ids))
        return conn.execute(
            f"SELECT title FROM articles WHERE id IN ({marks})", ids
        ).fetchall()


    def known(conn: sqlite3.Connection) -> list[tuple[str]]:
        states = ("open", "closed")
        marks = ",".join("?" * len(states))
        return conn.execute(
            f"SELECT title FROM articles WHERE state IN ({marks})", states
        ).fetchall()
    ```
    """
    yield from _of_rows(file)
    said: set[tuple[ast.AST | None, str]] = set()
    for query in queries(file):
        if query.driver != "sqlite" or query.text is None:
            continue
        for hole in query.text.holes:
            if not _IN.search(query.text.before(hole)):
                continue
            items = _items(hole, file)
            place = (file.enclosing_function(query.call), items.id if items is not None else "")
            if items is not None and place not in said and _is_unbounded(items, query, file):
                said.add(place)
                yield Problem(
                    query.call,
                    f"`IN` gets a variable for each item of `{items.id}`, and SQLite takes 32,766"
                    " (older ones 999). Ask in batches, or hand over one JSON text to `json_each(?)`.",
                    severity=None if _are_rows(items, file) else Severity.SUGGESTION,
                )
                break


def _of_rows(file: SourceFile) -> Iterator[Problem]:
    """`column.in_(ids)` where the ids are all that another query gave: one query can do both."""
    if not file.imports("sqlalchemy", "sqlmodel") or "in_" not in file.called_names:
        return
    said: set[tuple[ast.AST | None, str]] = set()
    for call in file.calls("in_"):
        items = _unwrapped(call.args[0]) if call.args else None
        function = file.enclosing_function(call)
        if not isinstance(items, ast.Name) or function is None or (function, items.id) in said:
            continue
        if _PARTS.search(items.id) or _FEW.search(items.id) or _is_in_parts(call, file):
            continue
        if _is_checked(items.id, function, file) or not _are_all_rows(items, file):
            continue
        said.add((function, items.id))
        yield Problem(
            call,
            f"`{items.id}` is all that another query gave, and `in_` binds a variable for each item:"
            " SQLite takes 32,766, asyncpg one more. Hand over the query itself"
            " (`.in_(select(…))`), or ask in batches.",
            severity=Severity.SUGGESTION,
            confidence=Confidence.MEDIUM,
        )


def _unwrapped(node: ast.expr) -> ast.expr:
    """What is inside `list(set(…))`."""
    while True:
        match node:
            case ast.Call(func=ast.Name(id="list" | "set" | "tuple" | "sorted"), args=[inner]):
                node = inner
            case _:
                return node


def _are_all_rows(items: ast.Name, file: SourceFile, depth: int = 4) -> bool:
    """Whether a collection has a value for every row of a query that nothing limits."""
    values = file.values(items) if depth > 0 else []
    return bool(values) and all(_is_all_rows(value, file, depth - 1) for value in values)


def _is_all_rows(value: ast.expr, file: SourceFile, depth: int) -> bool:
    match _unwrapped(value):
        case ast.Await(value=inner):
            return _is_all_rows(inner, file, depth)
        case ast.Name() as name:
            return _are_all_rows(name, file, depth)
        case (
            ast.ListComp(elt=elt, generators=[one])
            | ast.SetComp(elt=elt, generators=[one])
            | ast.GeneratorExp(elt=elt, generators=[one])
        ):
            is_whole = isinstance(elt, (ast.Name, ast.Attribute, ast.Subscript))
            return (
                is_whole
                and all(_asks_for_none(test) for test in one.ifs)
                and (_is_all_rows(one.iter, file, depth))
            )
        case ast.Call(func=ast.Attribute(attr="all" | "fetchall", value=inner), args=[]):
            return _is_all_rows(inner, file, depth) or _is_unlimited(inner, file, depth)
        case ast.Call(func=ast.Attribute(attr="scalars", value=inner), args=[]):
            return _is_all_rows(inner, file, depth)
        case ast.Call(func=ast.Attribute(attr="scalars" | "execute"), args=[statement, *_]):
            return _is_unlimited(statement, file, depth)
        case _:
            return False


def _asks_for_none(test: ast.expr) -> bool:
    """`if row.id is not None`, `if row.id`: nearly every row passes."""
    return isinstance(test, (ast.Name, ast.Attribute)) or (
        isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot)
    )


def _is_unlimited(statement: ast.expr, file: SourceFile, depth: int) -> bool:
    """Whether a statement of SQLAlchemy has neither a `LIMIT` nor a list of its own."""
    if builder_of(file, statement) is None and not _is_legacy_query(statement):
        return False
    parts = [statement]
    if isinstance(statement, ast.Name):
        parts = file.values(statement) if depth > 0 else []
    text = " ".join(file.source(part) for part in parts)
    return bool(parts) and not _LIMITED.search(text)


def _is_legacy_query(node: ast.expr) -> bool:
    """`session.query(Model.id).filter(…)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "query":
            return True
        node = node.func.value
    return False


def _items(hole: ast.expr, file: SourceFile, depth: int = 4) -> ast.Name | None:
    """The collection that has one placeholder per item: `ids` of `",".join("?" * len(ids))`."""
    if depth <= 0:
        return None
    match hole:
        case ast.Name():
            value = file.value(hole)
            return _items(value, file, depth - 1) if value is not None else None
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]):
            return _items(inner, file, depth - 1)
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return _length_of(right) or _length_of(left)
        case (
            ast.ListComp(elt=ast.Constant(), generators=[one])
            | ast.GeneratorExp(elt=ast.Constant(), generators=[one])
        ):
            if isinstance(one.iter, ast.Name):
                return one.iter
            if isinstance(one.iter, ast.Call) and one.iter.args:
                return _length_of(one.iter.args[-1])
            return None
        case ast.Subscript(value=inner):
            return _items(inner, file, depth - 1)
        case _:
            return None


def _length_of(node: ast.expr) -> ast.Name | None:
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name() as items]):
            return items
        case ast.BinOp(left=left, right=right):
            return _length_of(left) or _length_of(right)
        case _:
            return None


def _is_unbounded(items: ast.Name, query: Query, file: SourceFile) -> bool:
    if _PARTS.search(items.id) or _FEW.search(items.id) or items.id.isupper():
        return False
    function = file.enclosing_function(query.call)
    if not isinstance(function, FUNCTIONS) or _is_in_parts(query.call, file):
        return False
    bindings = file.names.reaching(items)
    if not bindings:
        return False
    for binding in bindings:
        if binding.kind == "argument" and isinstance(binding.node, ast.arg):
            if binding.node is function.args.vararg:
                return False
        elif binding.kind != "assign" or (
            _is_bounded(binding.value) and not _grows(items.id, binding.value, function, file)
        ):
            return False
    return not _is_checked(items.id, function, file)


def _are_rows(items: ast.Name, file: SourceFile, depth: int = 4) -> bool:
    """Whether the items come from the rows of a query, of which there may be any number."""
    for value in file.values(items) if depth > 0 else ():
        if _FETCHES.search(file.source(value)):
            return True
        names = [node for node in file.within(value) if isinstance(node, ast.Name)]
        if any(node.id != items.id and _are_rows(node, file, depth - 1) for node in names):
            return True
    return False


def _is_in_parts(call: ast.Call, file: SourceFile) -> bool:
    """Whether the query stands in a loop over batches: `for batch in …`, `range(0, n, 500)`."""
    for parent in file.ancestors(call):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, (ast.For, ast.AsyncFor)):
            header = f"{file.source(parent.target)} {file.source(parent.iter)}"
            return bool(_PARTS.search(header)) or "range(" in header
        if isinstance(parent, ast.While):
            return True
    return False


def _is_bounded(value: ast.expr | None) -> bool:
    """Whether an assigned collection is written out, cut to a length, or too unclear to judge."""
    match value:
        case ast.ListComp() | ast.SetComp():
            return isinstance(value.generators[0].iter, (ast.Tuple, ast.List))
        case ast.Call(func=ast.Name(id="list" | "set" | "sorted" | "tuple"), args=[_]):
            return False
        case ast.Call(func=ast.Attribute(attr="fetchall" | "keys" | "all")):
            return False
        case _:
            return True


def _grows(name: str, start: ast.expr | None, function: FunctionNode, file: SourceFile) -> bool:
    """Whether a collection that starts out empty gets an item for each one of another, in a loop."""
    match start:
        case ast.List(elts=[]) | ast.Call(func=ast.Name(id="set" | "list"), args=[]):
            pass
        case _:
            return False
    return any(
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == name
        and file.enclosing_function(call) is function
        and _is_in_loop_over_values(call, file)
        for call in file.calls("add", "append")
    )


def _is_in_loop_over_values(call: ast.Call, file: SourceFile) -> bool:
    for parent in file.ancestors(call):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, (ast.For, ast.AsyncFor)):
            return isinstance(parent.iter, (ast.Name, ast.Attribute))
    return False


def _is_checked(name: str, function: FunctionNode, file: SourceFile) -> bool:
    """Whether the function compares the length of the list, or cuts it somewhere."""
    for node in file.body(function):
        match node:
            case ast.Compare(left=left, comparators=comparators):
                if any(_is_length(side, name) for side in (left, *comparators)):
                    return True
            case ast.Subscript(value=ast.Name(id=cut), slice=ast.Slice()) if cut == name:
                return True
            case _:
                pass
    return False


def _is_length(node: ast.expr, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=found)]):
            return found == name
        case _:
            return False
