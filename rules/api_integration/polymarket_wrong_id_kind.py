"""API203."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket
from rules.api_integration.requests_sent import address, calls_of, requests_sent
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.polymarket import OTHER_IDS, TOKEN_METHODS, TOKEN_PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_OTHER_PLACES = ("kalshi", "manifold", "binance", "coinbase", "kraken", "limitless")


@rule("API203", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def polymarket_wrong_id_kind(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A market's id or condition id is given where the CLOB wants the id of a token.

    Gamma's numeric `id`, the `conditionId` and the token ids are three different things. Books,
    prices and price histories exist for each token: another id gets 400 "Invalid token id" or
    404 "No orderbook exists" every time.

    ```python
    import httpx
    from py_clob_client_v2.client import ClobClient

    clob = ClobClient("https://clob.polymarket.com")


    def book(market):
        return clob.get_order_book(market.id)  # finding


    def midpoint(condition_id: str):
        return clob.get_midpoint(condition_id)  # finding


    async def history(client: httpx.AsyncClient, market):
        return await client.get(
            "https://clob.polymarket.com/prices-history",
            params={"market": market["conditionId"]},  # finding
        )
    ```

    Token ids, and methods that do want a condition id:

    ```python
    import json

    from py_clob_client_v2.client import ClobClient

    clob = ClobClient("https://clob.polymarket.com")


    def book(market):
        token_id = json.loads(market["clobTokenIds"])[0]
        return clob.get_order_book(token_id), clob.get_market(market["conditionId"])
    ```
    """
    if not is_about_polymarket(file):
        return
    for call in calls_of(TOKEN_METHODS, file):
        if _last(call.func) not in TOKEN_METHODS:
            continue
        given = file.argument(call, 0, "token_id")
        if given is not None and _is_other_id(given, file) and _is_clob(call, file):
            yield _problem(given, f"`{_last(call.func)}`", file)
    for sent in requests_sent(file):
        if "clob" not in address(sent, file) + file.source(sent.url or sent.call):
            continue
        path = TOKEN_PATHS.search(address(sent, file))
        if path is not None:
            wanted = "market" if path[1] == "prices-history" else "token_id"
            given = _parameter(sent.keyword("params"), wanted, file)
            if given is not None and _is_other_id(given, file):
                yield _problem(given, f"`/{path[1]}`", file)


def _problem(given: ast.expr, where: str, file: SourceFile) -> Problem:
    return Problem(
        given,
        f"{where} wants a token id, and `{file.source(given)}` is another kind of id: the CLOB answers"
        " 400 or 404 every time. Give one of the market's `clobTokenIds`.",
    )


def _is_clob(call: ast.Call, file: SourceFile) -> bool:
    """Whether the receiver can be a CLOB client: no other venue, no function of the project's own."""
    owner = file.source(call.func.value).lower() if isinstance(call.func, ast.Attribute) else ""
    if not owner or any(place in owner or place in file.path.lower() for place in _OTHER_PLACES):
        return False
    name = file.qualified_name(call.func) or ""
    return "ClobClient" in name or "clob" in owner or "polymarket" in owner


def _is_other_id(node: ast.expr, file: SourceFile) -> bool:
    if isinstance(node, ast.Constant):
        return False
    source = file.source(node)
    if "token" in source.lower() or "asset" in source.lower() or len(source) > 80:
        return False
    return OTHER_IDS.search(source) is not None


def _parameter(params: ast.expr | None, name: str, file: SourceFile) -> ast.expr | None:
    if isinstance(params, (ast.Name, ast.Attribute)):
        params = file.value(params)
    if not isinstance(params, ast.Dict):
        return None
    for key, value in zip(params.keys, params.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == name:
            return value
    return None


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
