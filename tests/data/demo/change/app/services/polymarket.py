"""The public API of Polymarket."""

import httpx

from app.config import settings


class Cache:
    """Answers that we have already."""

    def __init__(self) -> None:
        self._answers: dict = {}

    def get(self, key: str) -> tuple[bool, any]:
        """Whether it is there, and what it is."""
        return key in self._answers, self._answers.get(key)


async def warm_up(market_id: str) -> None:
    """Ask once, so that the next asker does not wait."""
    async with httpx.AsyncClient(base_url=settings.gamma_url) as client:
        response = await client.get(f"/markets/{market_id}")
        print(response.json())


def save_page(path: str, text: str) -> None:
    """Keep a page."""
    page = open(path, "w")
    page.write(text)
