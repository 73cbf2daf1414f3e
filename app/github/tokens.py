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
FRESH = timedelta(seconds=5)
"""A token this young tells what is granted now."""
_LEVELS = {"read": 1, "write": 2, "admin": 3}


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
    minted_at: datetime

    def grants(self, needed: str) -> bool:
        """Whether it may do what a header `X-Accepted-GitHub-Permissions` names.

        `contents=write,checks=write; administration=read` is both of the first two, or the last.
        """
        ways = (way.split(",") for way in needed.split(";"))
        return bool(needed) and any(all(map(self._has, way)) for way in ways)

    def _has(self, one: str) -> bool:
        name, _, level = one.strip().partition("=")
        return _LEVELS.get(self.permissions.get(name, ""), 0) >= _LEVELS.get(level, 1)

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
        self, installation_id: int, *, instead_of: str | None = None, fresh: bool = False
    ) -> InstallationToken:
        """A token that lives for five more minutes at least.

        `instead_of` is a token that GitHub refused: it is replaced once, however many ask. With
        `fresh` it tells what is granted by now, and not what was granted an hour ago.
        Raises `SuspendedError` when the installation is suspended or gone.
        """
        async with self._locks.setdefault(installation_id, asyncio.Lock()):
            token = self._tokens.get(installation_id)
            if token is None or token.token == instead_of or not self._is_good(token, fresh=fresh):
                token = await self._mint(installation_id)
                self._tokens[installation_id] = token
            return token

    def _is_good(self, token: InstallationToken, *, fresh: bool) -> bool:
        now = self._now()
        return now < token.expires_at - EARLY and not (fresh and token.minted_at + FRESH <= now)

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
        return InstallationToken(
            minted.token, minted.expires_at, minted.permissions, minted_at=self._now()
        )
