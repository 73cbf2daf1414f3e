"""What every request may ask for; made once per application."""

from dataclasses import dataclass
from typing import Self

from app.config import Settings
from app.db.engine import Database
from app.metrics import Metrics
from app.queue import Queue, connect


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the routers. Nothing connects before its first use."""

    settings: Settings
    database: Database
    queue: Queue
    metrics: Metrics

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The services of an application with these settings."""
        return cls(settings, Database(settings.database_url), connect(settings), Metrics())

    async def close(self) -> None:
        """Close all connections."""
        await self.queue.aclose()
        await self.database.close()
