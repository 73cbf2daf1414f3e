"""Headlines about a market."""

import time

import httpx
import requests
from fastapi import APIRouter

NEWS_API_KEY = "9f86d081884c7d659a2feaa0c55ad015"

router = APIRouter(prefix="/news", tags=["news"])


async def get_data(url: str):
    """What stands behind a URL."""
    return requests.get(url).json()


@router.get("/{market_id}")
async def headlines(market_id: str):
    """The newest headlines."""
    time.sleep(0.2)
    try:
        result = await get_data(
            f"https://newsapi.org/v2/everything?q={market_id}&apiKey={NEWS_API_KEY}"
        )
    except Exception:
        pass
    else:
        return result


@router.get("/{market_id}/picture")
async def picture(market_id: str):
    """A picture for the page."""
    async with httpx.AsyncClient(verify=False, timeout=None) as client:
        response = await client.get(f"https://newsapi.org/picture/{market_id}")
        return response.json()
