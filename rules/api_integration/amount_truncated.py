"""API112."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket
from rules.api_integration.truncated import truncated
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule("API112", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def amount_truncated(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`int` cuts a price off that a float holds a little too low.

    0.29 as a binary float times 100 is 28.999999999999996, so `int(0.29 * 100)` is 28: the order
    goes out a cent below its price, and a charge of 19.99 becomes 19.98. Round instead, or keep
    the amount as a `Decimal` or in whole cents.

    ```python
    def order(ticker: str, price: float, count: int) -> dict[str, object]:
        return {
            "ticker": ticker,
            "yes_price": int(price * 100),  # finding
            "count": count,
        }
    ```

    ```python fixed
    def order(ticker: str, price: float, count: int) -> dict[str, object]:
        return {
            "ticker": ticker,
            "yes_price": round(price * 100),
            "count": count,
        }
    ```

    Amounts that are no floats, and numbers that are only shown:

    ```python
    from decimal import Decimal


    def charge(amount: Decimal, price: float, sats: int) -> tuple[int, int, str]:
        return int(amount * 100), int(sats * 1000), f"{int(price * 100)} cents"
    ```
    """
    if not is_about_polymarket(file):  # There API206 tells of it.
        yield from truncated(file)
