"""Signing requests as an installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

import httpx
from githubkit.auth import BaseAuthStrategy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from githubkit import GitHubCore

    from app.github.tokens import InstallationTokens


@dataclass(frozen=True)
class InstallationAuth(httpx.Auth):
    """Adds the token; a refused one is replaced once, for reads and writes alike.

    A write that got 401 was not carried out, so sending it again is safe.
    """

    tokens: InstallationTokens
    installation_id: int

    @override
    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = (await self.tokens.get(self.installation_id)).token
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            fresh = await self.tokens.get(self.installation_id, instead_of=token)
            request.headers["Authorization"] = f"Bearer {fresh.token}"
            yield request


@dataclass
class InstallationAuthStrategy(BaseAuthStrategy):
    """Our own tokens in place of githubkit's, whose cache mints one per concurrent request."""

    tokens: InstallationTokens
    installation_id: int

    @override
    def get_auth_flow(self, github: GitHubCore[Any]) -> httpx.Auth:
        return InstallationAuth(self.tokens, self.installation_id)
