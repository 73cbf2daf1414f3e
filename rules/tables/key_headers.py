"""How APIs take their key: those that take a header, and those that know nothing but the query."""

from __future__ import annotations

KEY_HEADERS = {
    "newsapi.org": "X-Api-Key",
    "finnhub.io": "X-Finnhub-Token",
    "generativelanguage.googleapis.com": "x-goog-api-key",
    "api.coingecko.com": "x-cg-demo-api-key",
    "pro-api.coingecko.com": "x-cg-pro-api-key",
    "pro-api.coinmarketcap.com": "X-CMC_PRO_API_KEY",
    "api.football-data.org": "X-Auth-Token",
    "api.pinecone.io": "Api-Key",
}
"""Host to the header that carries the bare key."""

QUERY_ONLY = (
    "alphavantage.co", "etherscan.io", "openweathermap.org", "api.stlouisfed.org",
    "maps.googleapis.com", "financialmodelingprep.com", "api.telegram.org", "hooks.slack.com",
)  # fmt: skip
"""Hosts whose key has to be in the address."""
