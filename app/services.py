"""What every request may ask for; made once per application."""

from dataclasses import dataclass
from typing import Self

from app.access.access import Access
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
    access: Access

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The services of an application with these settings."""
        queue = connect(settings)
        return cls(
            settings,
            Database(settings.database_url),
            queue,
            Metrics(),
            Access(settings, queue),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self.access.close()
        await self.queue.aclose()
        await self.database.close()
