"""SQL118."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.sql.queries import calls_named, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "SQL118",
    on=ast.Call,
    calls=("connect",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
)
def isolation_level_none(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """In autocommit mode each statement is kept at once: `commit` and `rollback` do nothing.

    With `isolation_level=None` (or `autocommit=True`) there is no transaction unless the code
    begins one. A `rollback()` after an error undoes nothing, writes in a loop are synced to disk
    one by one. Leave the mode alone, or run `BEGIN` before the first write.

    ```python
    import sqlite3


    def save(path: str, titles: list[str]) -> None:
        conn = sqlite3.connect(path, isolation_level=None)
        try:
            conn.execute("DELETE FROM articles")
            conn.execute("INSERT INTO articles (title) VALUES (?)", (titles[0],))
            conn.commit()  # finding
        finally:
            conn.close()
    ```

    Transactions that the code begins by itself:

    ```python
    import sqlite3


    def save(path: str, title: str) -> None:
        conn = sqlite3.connect(path, isolation_level=None)
        try:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
            conn.commit()
        finally:
            conn.close()
    ```
    """
    if file.qualified_name(call.func) not in {"sqlite3.connect", "aiosqlite.connect"}:
        return
    if not any(_is_automatic(keyword, file) for keyword in call.keywords):
        return
    if any(query.verb in {"begin", "savepoint"} for query in queries(file)) or "BEGIN" in file.text:
        return
    owner = _name(call, file)
    for end in calls_named(file, frozenset({"commit", "rollback"})):
        if owner is None or not isinstance(end.func, ast.Attribute):
            continue
        if file.source(end.func.value) == owner and _same_place(call, end, owner, file):
            yield Problem(
                end,
                f"`{owner}` is in autocommit mode (line {call.lineno}), so `{end.func.attr}()` does"
                " nothing: each statement was kept already. Run `BEGIN` before the first write.",
            )
            return


def _is_automatic(keyword: ast.keyword, file: SourceFile) -> bool:
    value = file.literal(keyword.value)
    return (keyword.arg == "isolation_level" and value is None) or (
        keyword.arg == "autocommit" and value is True
    )


def _name(call: ast.Call, file: SourceFile) -> str | None:
    """The variable or attribute that the connection is given to."""
    parent = file.parent(call)
    if isinstance(parent, ast.Await):
        parent = file.parent(parent)
    match parent:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return file.source(target)
        case ast.withitem(optional_vars=ast.Name(id=name)):
            return name
        case _:
            return None


def _same_place(call: ast.Call, end: ast.Call, owner: str, file: SourceFile) -> bool:
    if owner.startswith(("self.", "cls.")):
        return file.enclosing_class(call) is file.enclosing_class(end)
    return file.enclosing_function(call) is file.enclosing_function(end)
