"""Installation tokens: minted once for all who wait, kept until shortly before they expire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel

from app.github.errors import AmbiguousError, NotFoundError, SuspendedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.github.client import Client

EARLY = timedelta(minutes=5)
"""A token is replaced this long before it expires, so that none dies during a request."""


class MintedToken(BaseModel):
    """What GitHub answers when it mints a token."""

    token: str
    expires_at: datetime
    permissions: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """A token of an installation and what it may do (`contents` -> `read`, `write`)."""

    token: str = field(repr=False)
    expires_at: datetime
    permissions: Mapping[str, str]

    def may_write(self, permission: str) -> bool:
        """Whether writing was granted, as in `may_write("contents")`."""
        return self.permissions.get(permission) == "write"


class InstallationTokens:
    """The tokens of all installations of one App."""

    def __init__(
        self, app: Client, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._app = app
        self._now = now
        self._tokens: dict[int, InstallationToken] = {}
        self._locks: dict[int, asyncio.Lock] = {}

    async def get(
        self, installation_id: int, *, instead_of: str | None = None
    ) -> InstallationToken:
        """A token that lives for five more minutes at least.

        `instead_of` is a token that GitHub refused: it is replaced once, however many ask.
        Raises `SuspendedError` when the installation is suspended or gone.
        """
        async with self._locks.setdefault(installation_id, asyncio.Lock()):
            token = self._tokens.get(installation_id)
            if token is None or token.token == instead_of or self._ends_soon(token):
                token = await self._mint(installation_id)
                self._tokens[installation_id] = token
            return token

    def _ends_soon(self, token: InstallationToken) -> bool:
        return token.expires_at - EARLY <= self._now()

    async def _mint(self, installation_id: int) -> InstallationToken:
        try:
            answer = await self._app.call(
                "POST", f"/app/installations/{installation_id}/access_tokens"
            )
        except NotFoundError as error:
            raise SuspendedError("The installation is gone.", status=404) from error
        except AmbiguousError as error:  # A second token does no harm.
            raise TransientError(error.message, status=error.status) from error
        minted = MintedToken.model_validate(answer.data)
        return InstallationToken(minted.token, minted.expires_at, minted.permissions)
