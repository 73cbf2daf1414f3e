"""Names of the Polymarket APIs that rules look for."""

from __future__ import annotations

import re

CLIENT_MODULES = ("py_clob_client", "py_clob_client_v2", "polymarket", "polymarket_client")

JSON_TEXTS = frozenset({"outcomePrices", "clobTokenIds", "outcomes"})
"""Fields of a Gamma market that are texts holding a JSON list."""

TOKEN_ID = re.compile(
    r"^(clob_?)?(yes_|no_)?(token_id|asset_id|tokenid|clob_token_id|tokenId|assetId)$"
)
"""Names of a token id, a decimal number of about 77 digits."""

TOKEN_METHODS = {
    "get_order_book": "token_id",
    "get_midpoint": "token_id",
    "get_price": "token_id",
    "get_spread": "token_id",
    "get_last_trade_price": "token_id",
    "get_tick_size": "token_id",
    "get_neg_risk": "token_id",
}
"""Methods of the CLOB client that want a token id, to the parameter's name."""

TOKEN_PATHS = re.compile(
    r"/(book|price|midpoint|spread|last-trade-price|tick-size|prices-history)(\?|$)"
)
"""Paths of the CLOB that want a token id."""

TOKEN_PARAMETERS = {"book": "token_id", "prices-history": "market"}

OTHER_IDS = re.compile(
    r"(^|[._\[\"'])(condition_?id|market_?id|event_?id|question_?id|slug)([\"'\]]|$)"
    r"|(^|[._])(market|m|event|mkt)(\.|\[[\"']|\.get\([\"'])(id|conditionId|condition_id|slug|questionID)\b",
    re.IGNORECASE,
)
"""How an expression looks that is a Gamma id, a condition id or a slug."""

SOCKET_HOST = "ws-subscriptions-clob.polymarket.com"
"""Where order books and own orders are streamed."""

SECONDS_PARAMETERS = frozenset({"startTs", "endTs", "start_ts", "end_ts", "expiration"})
"""Parameters in seconds since 1970."""
