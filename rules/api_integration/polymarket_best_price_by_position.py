"""API204."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket, source_around
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SIDES = {"bids", "asks"}
_SORTED = re.compile(
    r"sort|max\(|min\(|best_?first|descending|ascending|reversed?\(", re.IGNORECASE
)
_OTHER = re.compile(
    r"kalshi|binance|kraken|coinbase|ccxt|bybit|okx|limitless|deribit|hyperliquid", re.IGNORECASE
)


@rule("API204", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def polymarket_best_price_by_position(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The first level of an order book is taken for the best one.

    The CLOB sends bids from the lowest and asks from the highest price, so the best is the last;
    older pages and other venues say the opposite. What does not rely on the order is right in
    both cases: `max` of the bids, `min` of the asks.

    ```python
    import httpx


    def spread(token_id: str) -> float:
        url = "https://clob.polymarket.com/book"
        book = httpx.get(url, params={"token_id": token_id}).raise_for_status().json()
        best_ask = book["asks"][0]["price"]  # finding
        bids = book.get("bids", [])
        return float(best_ask) - float(bids[0]["price"])  # finding
    ```

    Sorted, or the best of all:

    ```python
    import httpx


    def best_bid(token_id: str) -> float:
        url = "https://clob.polymarket.com/book"
        book = httpx.get(url, params={"token_id": token_id}).raise_for_status().json()
        return max(float(level["price"]) for level in book["bids"])


    def best_ask(book) -> float:
        asks = sorted(book["asks"], key=lambda level: float(level["price"]))
        return float(asks[0]["price"])
    ```
    """
    if not is_about_polymarket(file) or not ("bids" in file.text or "asks" in file.text):
        return
    if _OTHER.search(file.path):
        return
    said: set[tuple[ast.AST | None, str]] = set()
    for item in file.of(ast.Subscript):
        if not (isinstance(item.slice, ast.Constant) and item.slice.value == 0) or not isinstance(
            item.ctx, ast.Load
        ):
            continue
        side = _side(item.value, file)
        place = (file.enclosing_function(item), side)
        if side and place not in said and not _is_sorted(item, file):
            said.add(place)
            best = "max" if side == "bids" else "min"
            yield Problem(
                item,
                f"`{file.source(item)}` is the best of the {side} only in one order of the book, and the"
                f" CLOB sends them the other way round. Take `{best}(...)` by price.",
            )


def _side(node: ast.expr, file: SourceFile) -> str:
    """`bids` or `asks` when an expression is that side of a book."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name in _SIDES:
            return name
        case ast.Attribute(value=ast.Name(id="self")):
            return ""  # A class of one's own, which may have sorted them.
        case ast.Attribute(attr=name) if name in _SIDES:
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]) if (
            name in _SIDES
        ):
            return name
        case ast.BoolOp(values=[first, *_]):
            return _side(first, file)
        case ast.Name(id=name) if name in _SIDES:
            value = file.value(node)
            return _side(value, file) if value is not None else ""
        case _:
            return ""


def _is_sorted(node: ast.AST, file: SourceFile) -> bool:
    around = source_around(node, file)
    return _SORTED.search(around) is not None or _OTHER.search(around) is not None
