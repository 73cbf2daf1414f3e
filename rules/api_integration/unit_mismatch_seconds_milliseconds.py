"""API210."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.polymarket import SECONDS_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_THOUSANDS = {1000}
_SCALED = re.compile(r"/\s*(1000|1_000|1e3)|_000\b|// ?1000|divmod|milli|_ms\b", re.IGNORECASE)
_FROM = {"datetime.datetime.fromtimestamp", "datetime.datetime.utcfromtimestamp"}

_SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep"}
_MILLISECONDS = ("_ms", "_millis", "_milliseconds")


@rule("API210", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def unit_mismatch_seconds_milliseconds(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A time in milliseconds is given where seconds are wanted, or the other way round.

    `startTs` and `endTs` of a price history and the `expiration` of an order are seconds: a
    thousand times as many lie in the year 56000, and the answer is empty. The `timestamp` of a
    book or a message is milliseconds, and as seconds it is refused or lies as far away.

    ```python
    import time
    from datetime import UTC, datetime

    import httpx


    async def history(client: httpx.AsyncClient, token_id: str) -> str:
        now = int(time.time() * 1000)
        response = await client.get(
            "https://clob.polymarket.com/prices-history",
            params={"market": token_id, "startTs": now - 3600, "endTs": now},  # finding x2
        )
        return response.raise_for_status().text


    def age(book: dict[str, str]) -> datetime:
        return datetime.fromtimestamp(int(book["timestamp"]), UTC)  # finding
    ```

    Each in its own unit:

    ```python
    import time
    from datetime import UTC, datetime

    import httpx


    async def history(client: httpx.AsyncClient, token_id: str) -> str:
        now = int(time.time())
        response = await client.get(
            "https://clob.polymarket.com/prices-history",
            params={"market": token_id, "startTs": now - 3600, "endTs": now},
        )
        return response.raise_for_status().text


    def age(book: dict[str, str]) -> datetime:
        return datetime.fromtimestamp(int(book["timestamp"]) / 1000, UTC)
    ```
    """
    yield from _named(file)
    if not is_about_polymarket(file):
        return
    yield from _parameters(file)
    for call in file.calls("fromtimestamp", "utcfromtimestamp"):
        if call.args and file.qualified_name(call.func) in _FROM:
            yield from _read(call, file)


def _named(file: SourceFile) -> Iterator[Problem]:
    """Functions that want seconds and are given milliseconds as they are.

    Names alone are wrong half of the time: the file divides the same name by 1000 elsewhere.
    """
    for call in file.calls("sleep", "fromtimestamp", "utcfromtimestamp"):
        name = file.qualified_name(call.func) or ""
        if not call.args or (name not in _SLEEPS and name not in _FROM):
            continue
        given = call.args[0]
        while isinstance(given, ast.Call) and getattr(given.func, "id", "") in {"int", "float"}:
            given = given.args[0] if given.args else call
        last = given.attr if isinstance(given, ast.Attribute) else getattr(given, "id", "")
        if last.endswith(_MILLISECONDS) and _is_divided_elsewhere(last, given, file):
            yield Problem(
                call,
                f"`{file.source(given)}` is in milliseconds, as other lines here divide it by 1000,"
                f" and `{file.source(call.func)}` wants seconds. Divide it here too.",
            )


def _is_divided_elsewhere(name: str, given: ast.expr, file: SourceFile) -> bool:
    if isinstance(given, ast.Name):
        values = file.values(given)
        if any("/" in file.source(v) or "0.001" in file.source(v) for v in values):
            return False
    return any(
        isinstance(division.op, (ast.Div, ast.FloorDiv))
        and _is_thousand(division.right)
        and name in {getattr(division.left, "id", ""), getattr(division.left, "attr", "")}
        for division in file.of(ast.BinOp)
    )


def _parameters(file: SourceFile) -> Iterator[Problem]:
    if not any(name in file.text for name in SECONDS_PARAMETERS):
        return
    for given in file.of(ast.Dict):
        for key, value in zip(given.keys, given.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in SECONDS_PARAMETERS:
                yield from _sent(str(key.value), value, file)
    for keyword in file.of(ast.keyword):
        if keyword.arg in SECONDS_PARAMETERS:
            yield from _sent(str(keyword.arg), keyword.value, file)


def _sent(name: str, value: ast.expr, file: SourceFile) -> Iterator[Problem]:
    if _is_milliseconds(value, file, 4):
        yield Problem(
            value,
            f"`{name}` is in seconds, and `{file.source(value)}` is in milliseconds: the time lies far in"
            " the future. Drop the factor 1000.",
        )


def _is_milliseconds(node: ast.expr, file: SourceFile, depth: int) -> bool:
    if depth <= 0:
        return False
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name.endswith(("_ms", "_millis", "Ms")):
                return True
            value = file.value(node)
            return value is not None and _is_milliseconds(value, file, depth - 1)
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return any(
                _is_thousand(side) and _is_time(other, file)
                for side, other in ((left, right), (right, left))
            )
        case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
            return _is_milliseconds(left, file, depth - 1) or _is_milliseconds(
                right, file, depth - 1
            )
        case ast.Call(func=ast.Name(id="int" | "str" | "round"), args=[first, *_]):
            return _is_milliseconds(first, file, depth - 1)
        case _:
            return False


def _is_thousand(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in _THOUSANDS


def _is_time(node: ast.expr, file: SourceFile) -> bool:
    return re.search(r"time\.time\(|timestamp\(|time\(\)|now", file.source(node)) is not None


def _read(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """`fromtimestamp(int(book["timestamp"]))`, whose text is in milliseconds."""
    argument = call.args[0]
    source = file.source(argument)
    if "timestamp" not in source or _SCALED.search(source) or not _is_book_time(argument, file):
        return
    yield Problem(
        call,
        f"`{source}` of a book or message is in milliseconds, and `fromtimestamp` wants seconds."
        " Divide it by 1000.",
    )


def _is_book_time(node: ast.expr, file: SourceFile) -> bool:
    for item in file.within(node):
        if isinstance(item, ast.Subscript) and isinstance(item.slice, ast.Constant):
            return (
                item.slice.value == "timestamp"
                and re.search(r"book", file.source(item.value)) is not None
            )
        if isinstance(item, ast.Attribute) and item.attr == "timestamp":
            return re.search(r"book", file.source(item.value)) is not None
    return False
