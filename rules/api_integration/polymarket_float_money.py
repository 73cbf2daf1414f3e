"""API206."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket
from rules.api_integration.truncated import truncated
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.orders import ORDER_ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_AMOUNTS = {"price", "size", "amount", "limit_price", "quantity", "shares"}
_EXACT = re.compile(r"Decimal|quantize|ROUND_|tick|floor|ceil", re.IGNORECASE)


@rule("API206", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def polymarket_float_money(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The price or size of an order is rounded as a binary float.

    `round` knows no tick: it may go up for a buy and past the limit, and on a market with ticks
    of 0.001 it moves the price. Keep the API's texts as `Decimal` and step to the market's tick,
    down for a size or a buy, up for a sell.

    ```python
    from py_clob_client_v2.clob_types import OrderArgs


    def order(token_id: str, bid: str, budget: float) -> OrderArgs:
        return OrderArgs(
            token_id=token_id,
            price=round(float(bid), 2),  # finding
            size=budget / float(bid),  # finding
            side="BUY",
        )
    ```

    `int` cuts off what a float lacks, so a price of 0.29 becomes 28 cents:

    ```python
    POLYMARKET = "https://clob.polymarket.com"


    def cents(price: float) -> int:
        return int(price * 100)  # finding
    ```

    ```python fixed
    POLYMARKET = "https://clob.polymarket.com"


    def cents(price: float) -> int:
        return round(price * 100)
    ```

    Worked out with `Decimal`, and made a float only for the client:

    ```python
    from decimal import ROUND_FLOOR, Decimal

    from py_clob_client_v2.clob_types import OrderArgs


    def order(token_id: str, bid: str, tick: Decimal) -> OrderArgs:
        price = (Decimal(bid) / tick).to_integral_value(ROUND_FLOOR) * tick
        return OrderArgs(token_id=token_id, price=float(price), size=10, side="BUY")
    ```
    """
    if not is_about_polymarket(file):
        return
    yield from truncated(file)
    names = file.called_names & ORDER_ARGUMENTS
    if not names:
        return
    for call in file.calls(*sorted(names)):
        for given in call.keywords:
            if given.arg in _AMOUNTS:
                yield from _amount(given.arg, given.value, file)


def _amount(name: str, value: ast.expr, file: SourceFile) -> Iterator[Problem]:
    shown = value
    if isinstance(value, ast.Name):
        made = file.value(value)
        if made is None or file.enclosing_function(made) is not file.enclosing_function(value):
            return
        shown = made
    how = _how(shown, file)
    if how:
        yield Problem(
            value,
            f"`{name}` of this order is {how} a float, which is off the tick or over the limit in"
            " some cases. Step a `Decimal` to the market's tick instead.",
        )


def _how(node: ast.expr, file: SourceFile) -> str:
    source = file.source(node)
    if _EXACT.search(source):
        return ""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "round":
        return "`round`ed as"
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, (ast.Div, ast.Mult))
        and any(
            isinstance(n, ast.Call) and getattr(n.func, "id", "") == "float"
            for n in file.within(node)
        )
    ):
        return "worked out as"
    return ""
