"""Public services that answer 429 to clients that ask too fast."""

from __future__ import annotations

LIMITED = {
    r"polymarket\.com|gamma_(api|url|base|host)|clob_(api|url|host|base)": "Polymarket",
    r"newsapi\.org": "NewsAPI",
    r"api\.coingecko\.com|coingecko": "CoinGecko",
    r"api\.github\.com": "GitHub",
    r"(api|fapi|dapi)\d?\.binance\.": "Binance",
    r"api\.kalshi\.com|kalshi_": "Kalshi",
    r"manifold\.markets": "Manifold",
    r"metaculus\.com": "Metaculus",
    r"alphavantage\.co": "Alpha Vantage",
    r"finnhub\.io": "Finnhub",
    r"api\.polygon\.io": "Polygon",
    r"(api|oauth)\.reddit\.com|www\.reddit\.com": "Reddit",
    r"discord\.com/api": "Discord",
    r"api\.telegram\.org": "Telegram",
    r"slack\.com/api": "Slack",
    r"api\.notion\.com": "Notion",
    r"graph\.microsoft\.com": "Microsoft Graph",
    r"api\.openai\.com": "OpenAI",
    r"api\.etherscan\.io": "Etherscan",
    r"api\.open-meteo\.com": "Open-Meteo",
    r"api\.weather\.gov": "the National Weather Service",
}
"""Pattern in an address, or in the name of its base, to the service's name."""
