"""What GitHub tried to deliver to the App's webhook, and asking for it again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from app.github.pulls import Frozen

if TYPE_CHECKING:
    from app.github.app import GitHubApp

MOST = 50_000
"""Attempts read in one round at most."""
_MOMENT = TypeAdapter(datetime)


class Attempt(Frozen):
    """One attempt at a delivery; a redelivery has the same GUID and another id."""

    id: int
    guid: str
    delivered_at: datetime
    status: str
    status_code: int = 0
    event: str
    action: str | None = None
    repository_id: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether it was answered well."""
        return self.status == "OK" or 200 <= self.status_code < 300

    @property
    def under_way(self) -> bool:
        """Whether it was not answered yet."""
        return not self.status_code


async def since(app: GitHubApp, moment: datetime) -> tuple[Attempt, ...]:
    """The attempts since then, the newest first."""
    listed = await app.client.pages(
        "/app/hook/deliveries",
        most=MOST,
        enough=lambda item: _MOMENT.validate_python(item["delivered_at"]) < moment,
    )
    attempts = (Attempt.model_validate(item) for item in listed)
    return tuple(one for one in attempts if one.delivered_at >= moment)


async def redeliver(app: GitHubApp, attempt_id: int) -> None:
    """Have a delivery sent again, with its GUID."""
    await app.client.call("POST", f"/app/hook/deliveries/{attempt_id}/attempts")
