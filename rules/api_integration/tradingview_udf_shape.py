"""API402."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_BARS = frozenset({"t", "o", "h", "l", "c"})
_STATES = {"ok", "no_data", "error"}
_MILLISECONDS = re.compile(r"\* ?1_?000(\.0)?\b|\* ?1e3|_ms\b|\bmillis|\.timestamp_ms")

_FEW = 4
"""Volumes, `nextTime` and the like; a table of the whole alphabet is no answer."""


@rule("API402", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def tradingview_udf_shape(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """An answer of a UDF datafeed is not what the chart reads.

    `t` is in seconds: the adapter multiplies by 1000 itself, so milliseconds put every bar into
    the year 56000. `s` is `ok`, `no_data` or `error`, the arrays have one length, and a failure
    is `{"s": "error", "errmsg": ...}` with status 200; on an HTTP error the chart loads for ever.

    ```python
    from fastapi import APIRouter, HTTPException

    router = APIRouter()


    @router.get("/history")
    async def history(symbol: str):
        bars = await load(symbol)
        if bars is None:
            raise HTTPException(status_code=404, detail="unknown symbol")  # finding
        if not bars:
            return {"s": "empty", "t": [], "o": [], "h": [], "l": [], "c": []}  # finding
        return {
            "s": "ok",
            "t": [int(bar.time.timestamp() * 1000) for bar in bars],  # finding
            "o": [bar.open for bar in bars],
            "h": [bar.high for bar in bars],
            "l": [bar.low for bar in bars],
            "c": [bar.close for bar in bars if bar.close],  # finding
        }
    ```

    Seconds, known states, one length:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/history")
    async def history(symbol: str):
        bars = await load(symbol)
        if bars is None:
            return {"s": "error", "errmsg": "unknown symbol"}
        if not bars:
            return {"s": "no_data"}
        return {
            "s": "ok",
            "t": [int(bar.time.timestamp()) for bar in bars],
            "o": [bar.open for bar in bars],
            "h": [bar.high for bar in bars],
            "l": [bar.low for bar in bars],
            "c": [bar.close for bar in bars],
        }
    ```
    """
    if '"t"' not in file.text and "'t'" not in file.text:
        return
    answers = [made for made in file.of(ast.Dict) if _is_answer(made)]
    for made in answers:
        yield from _judged(made, file)
    functions = {file.enclosing_function(made) for made in answers}
    for raised in file.of(ast.Raise):
        function = file.enclosing_function(raised)
        route = file.route(function) if function in functions else None
        if route is not None and route.path and "history" in route.path and _is_http(raised, file):
            yield Problem(
                raised,
                f"`{route.label()}` is read by a chart, which takes no HTTP error: it loads for ever."
                ' Return `{"s": "error", "errmsg": "..."}`.',
            )


def _items(made: ast.Dict) -> dict[str, ast.expr]:
    return {
        key.value: value
        for key, value in zip(made.keys, made.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _is_answer(made: ast.Dict) -> bool:
    """Whether a dictionary is the answer to `/history`: a state and arrays of bars."""
    found = _items(made)
    others = found.keys() - _BARS - {"s"}
    return "s" in found and found.keys() >= _BARS and len(others) <= _FEW


def _judged(made: ast.Dict, file: SourceFile) -> Iterator[Problem]:
    found = _items(made)
    state = found["s"]
    if isinstance(state, ast.Constant) and state.value not in _STATES:
        yield Problem(
            state,
            f"A chart knows `ok`, `no_data` and `error`, not `{state.value}`, and loads for ever. Return"
            ' `{"s": "no_data"}` when there are no bars.',
        )
    times = found["t"]
    for place in _written_times(times, file):
        text = file.source(place)
        if not _MILLISECONDS.search(text) or "/" in text:
            continue
        yield Problem(
            place,
            "`t` is in milliseconds, but a UDF answer has seconds: the chart multiplies by 1000 again."
            " Drop the factor.",
        )
    filtered = {name: _is_filtered(value) for name, value in found.items() if name in _BARS}
    if len(set(filtered.values()) - {None}) > 1:
        name = next(name for name, value in filtered.items() if value)
        yield Problem(
            found[name],
            f"`{name}` leaves bars out that the other arrays keep, so the values slip to other times."
            " Filter the bars once, before all arrays are made.",
        )


def _written_times(times: ast.expr, file: SourceFile) -> Iterator[ast.expr]:
    """What the times are made of: the list itself, and what is appended to it in the function."""
    if not isinstance(times, ast.Name):
        yield times
        return
    yield file.value(times) or times
    function = file.enclosing_function(times)
    for call in file.calls("append"):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[item]):
                if name == times.id and file.enclosing_function(call) is function:
                    yield item
            case _:
                pass


def _is_filtered(value: ast.expr) -> bool | None:
    """Whether a comprehension leaves items out; None when it is none."""
    if not isinstance(value, ast.ListComp):
        return None
    return any(generator.ifs for generator in value.generators)


def _is_http(raised: ast.Raise, file: SourceFile) -> bool:
    node = raised.exc.func if isinstance(raised.exc, ast.Call) else raised.exc
    return node is not None and (file.qualified_name(node) or "").endswith("HTTPException")
