"""Calls and words that spend money or change something, which must not happen twice."""

from __future__ import annotations

import re

ORDER_METHODS = frozenset({
    "post_order", "post_orders", "create_and_post_order", "create_and_post_market_order",
    "place_order", "submit_order", "create_order", "create_market_order", "create_limit_order",
    "market_buy", "market_sell", "send_order", "place_limit_order", "place_market_order",
    "send_transaction", "send_raw_transaction", "sendTransaction", "eth_sendRawTransaction",
    "create_payment", "create_charge", "create_payment_intent", "withdraw", "create_withdrawal",
})  # fmt: skip
"""Last names of calls that place an order, a payment or a transaction."""

SIGNED_ONLY = frozenset({"create_order", "create_market_order"})
"""Methods that only sign an order in Polymarket's clients, and send it in others."""

MONEY_WORDS = re.compile(
    r"(^|[/_\W])(orders?|payments?|charges?|transfers?|withdrawals?|payouts?|refunds?|checkout|"
    r"purchases?|bets?|swap)($|[/_\W])",
    re.IGNORECASE,
)
"""Words of an address that tells of money."""

ORDER_ARGUMENTS = frozenset({
    "OrderArgs", "MarketOrderArgs", "OrderArgsV2", "LimitOrderArgs", "create_order",
    "create_and_post_order", "create_market_order", "place_limit_order", "place_market_order",
})  # fmt: skip
"""Last names of calls that take the price and the size of an order."""
