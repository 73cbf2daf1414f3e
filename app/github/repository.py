"""A repository as an installation reaches it; the modules beside this one say what can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.github.errors import PermissionMissingError, TransientError

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
        """One request; see `Client.call`.

        A refusal for want of a permission may be about a token that is older than the grant. With
        a new token and the permission granted, it is a failure of GitHub that passes.
        """
        at = self._at(path)
        try:
            return await self.client.call(method, at, body=body, params=params)
        except PermissionMissingError as error:
            if not await self.app.grants(self.installation_id, error.needed):
                raise
        try:
            return await self.client.call(method, at, body=body, params=params)
        except PermissionMissingError as error:
            raise TransientError(error.message, status=error.status) from error

    async def pages(self, path: str, params: Mapping[str, str | int] | None = None) -> list[Any]:
        """Every item of a list; see `Client.pages`."""
        return await self.client.pages(self._at(path), params)

    def _at(self, path: str) -> str:
        return f"/repos/{quote(self.owner, safe='')}/{quote(self.name, safe='')}{path}"
