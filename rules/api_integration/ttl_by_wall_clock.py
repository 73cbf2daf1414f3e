"""API108."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Rewritten
    from rules.core.source import SourceFile

_CLOCKS = {"time.time", "datetime.datetime.now", "datetime.datetime.utcnow"}
_CACHE = re.compile(r"cache|memo", re.IGNORECASE)
_LIMIT = re.compile(r"ttl|expir|max_?age|lifetime|timeout|stale|seconds", re.IGNORECASE)
_OUTLIVES = re.compile(
    r"sqlite|execute\(|redis|pickle|json\.dump|write_text|open\(|st_mtime|exp\b|commit\(|isoformat"
    r"|expires_at|headers|mapped_column|BaseModel"
)


@rule("API108", on=ast.ClassDef, severity=Severity.SUGGESTION, silent_in=(FileKind.TEST,))
def ttl_by_wall_clock(class_: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    """The age of a cached value is measured with the clock on the wall, which can be set.

    When the machine's time is corrected, or a naive local time meets the change to summer time,
    values live an hour too long or expire at once. `time.monotonic()` only goes forward.

    ```python
    import time


    class PriceCache:  # finding
        def __init__(self, ttl: float) -> None:
            self._items = {}
            self._ttl = ttl

        def get(self, key: str) -> object:
            value, stored = self._items[key]
            return value if time.time() - stored < self._ttl else None

        def set(self, key: str, value: object) -> None:
            self._items[key] = (value, time.time())
    ```

    ```python fixed
    import time


    class PriceCache:
        def __init__(self, ttl: float) -> None:
            self._items = {}
            self._ttl = ttl

        def get(self, key: str) -> object:
            value, stored = self._items[key]
            return value if time.monotonic() - stored < self._ttl else None

        def set(self, key: str, value: object) -> None:
            self._items[key] = (value, time.monotonic())
    ```

    By `datetime`, where the limit has to change with it:

    ```python
    from datetime import datetime, timedelta


    class TTLCache:
        def __init__(self) -> None:
            self._cache = {}
            self._ttl = timedelta(minutes=5)

        def get(self, key: str) -> object:
            value, timestamp = self._cache[key]
            return value if datetime.now() - timestamp < self._ttl else None  # finding
    ```

    Time stamps that outlive the process need the clock on the wall:

    ```python
    import time


    class TokenCache:
        def __init__(self, conn, ttl: float) -> None:
            self._conn = conn
            self._ttl = ttl

        def is_fresh(self, stored: float) -> bool:
            return time.time() - stored < self._ttl

        def save(self, token: str) -> None:
            self._conn.execute("INSERT INTO tokens VALUES (?, ?)", (token, time.time()))
    ```
    """
    if not file.imports("time", "datetime") or not _is_about_caches(file):
        return
    text = file.source(class_)
    if not _CACHE.search(class_.name) and not _CACHE.search(text):
        return
    ages = _ages(class_, file)
    if not ages or _OUTLIVES.search(text):
        return
    readings = _readings(class_, file)
    fixable = len(readings) > 1 and all(file.source(call.func) == "time.time" for call in readings)
    in_cache = _CACHE.search(class_.name) is not None
    yield Problem(
        class_ if fixable and in_cache else ages[0],
        f"`{class_.name}` measures how old a value is with `{file.source(_clock(ages[0], file))}`, which"
        " jumps when the clock is set. Use `time.monotonic()` for ages.",
        fix=_monotonic if fixable and in_cache else None,
    )


def _is_about_caches(file: SourceFile) -> bool:
    return "cache" in file.lowered or "memo" in file.lowered


def _ages(class_: ast.ClassDef, file: SourceFile) -> list[ast.Compare]:
    """The comparisons of `now - then` with a limit."""
    found: list[ast.Compare] = []
    for compare in file.of(ast.Compare):
        sides = (compare.left, *compare.comparators)
        if len(sides) != 2 or not any(_is_difference(side, file) for side in sides):
            continue
        other = next((side for side in sides if not _is_difference(side, file)), None)
        if other is None or not _LIMIT.search(file.source(other)):
            continue
        if file.enclosing_class(compare) is class_ and _CACHE.search(_around(compare, file)):
            found.append(compare)
    return found


def _around(node: ast.AST, file: SourceFile) -> str:
    """The names that tell whether a place is about a cache."""
    function = file.enclosing_function(node)
    class_ = file.enclosing_class(node)
    return (class_.name if class_ else "") + (file.source(function) if function else "")


def _is_difference(node: ast.expr, file: SourceFile) -> bool:
    return (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _is_clock(node.left, file)
    )


def _is_clock(node: ast.expr, file: SourceFile) -> bool:
    if isinstance(node, ast.Name):
        value = file.value(node)
        return value is not None and _is_clock(value, file)
    return isinstance(node, ast.Call) and file.qualified_name(node.func) in _CLOCKS


def _clock(compare: ast.Compare, file: SourceFile) -> ast.AST:
    for side in (compare.left, *compare.comparators):
        if isinstance(side, ast.BinOp) and _is_difference(side, file):
            value = file.value(side.left) if isinstance(side.left, ast.Name) else side.left
            return value or side.left
    return compare


def _readings(class_: ast.ClassDef, file: SourceFile) -> list[ast.Call]:
    return [
        call
        for call in file.calls("time", "now", "utcnow")
        if file.enclosing_class(call) is class_ and file.qualified_name(call.func) in _CLOCKS
    ]


def _monotonic(node: cst.CSTNode) -> Rewritten | None:
    """Every `time.time()` of the class, because half of them would be worse than none."""
    import libcst as cst

    class Replace(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:  # noqa: N802, ARG002
            match updated_node.func:
                case cst.Attribute(value=cst.Name("time"), attr=cst.Name("time")):
                    return updated_node.with_changes(
                        func=updated_node.func.with_changes(attr=cst.Name("monotonic"))
                    )
                case _:
                    return updated_node

    made = node.visit(Replace())
    return made if isinstance(made, cst.CSTNode) else None
