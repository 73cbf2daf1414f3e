"""Settings from the environment."""

from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """What an operator can set."""

    database: Path = Path("markets.sqlite3")
    gamma_url: str = "https://gamma-api.polymarket.com"


settings = Settings()
