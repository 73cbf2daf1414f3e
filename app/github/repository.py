"""A repository as an installation reaches it; the modules beside this one say what can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.github.app import GitHubApp
    from app.github.classify import Answer
    from app.github.client import Client, Json


@dataclass(frozen=True, slots=True)
class Repository:
    """Paths are relative to `/repos/{owner}/{name}`."""

    app: GitHubApp
    client: Client
    installation_id: int
    owner: str
    name: str

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """One request; see `Client.call`."""
        return await self.client.call(method, self._at(path), body=body, params=params)

    async def pages(self, path: str, params: Mapping[str, str | int] | None = None) -> list[Any]:
        """Every item of a list; see `Client.pages`."""
        return await self.client.pages(self._at(path), params)

    def _at(self, path: str) -> str:
        return f"/repos/{quote(self.owner, safe='')}/{quote(self.name, safe='')}{path}"
