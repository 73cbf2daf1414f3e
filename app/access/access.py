"""The parts of access that live as long as the application."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from app.access import sessions
from app.access.keys import Keys
from app.access.reach import Reaches
from app.access.secret import session_secret
from app.access.throttle import Throttle

if TYPE_CHECKING:
    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.responses import Response

    from app.access.sessions import Session
    from app.config import Settings
    from app.github.users import UserFlow

SIGN_INS = 20
"""Steps of signing in that one address may take in a minute; one sign-in takes two."""


class Access:
    """Keys, cookies and answers about people."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.reaches = Reaches()
        self.sign_ins = Throttle(SIGN_INS, 60.0)
        self.is_secure = settings.public_url.startswith("https://")

    @functools.cached_property
    def keys(self) -> Keys:
        """The keys of this service; reading the secret waits until somebody needs it."""
        return Keys(session_secret(self._settings))

    @functools.cached_property
    def github(self) -> UserFlow:
        """The user flow; importing what it needs waits until somebody signs in."""
        from app.github.users import UserFlow

        return UserFlow(self._settings)

    def is_operator(self, login: str) -> bool:
        """Whether the operator's list has this login."""
        return login.lower() in self._settings.operators

    async def session_of(self, request: Request, session: AsyncSession) -> Session | None:
        """Who is signed in in the browser that asks."""
        cookie = request.cookies.get(self.cookie("session"))
        return await sessions.of_cookie(session, self.keys, cookie) if cookie else None

    def cookie(self, name: str) -> str:
        """The name of a cookie. With `__Host-` no other host and no plain connection can set it."""
        return f"__Host-{name}" if self.is_secure else name

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Give the browser something that no script and no other site gets."""
        response.set_cookie(
            self.cookie(name),
            value,
            max_age=seconds,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Take it back."""
        response.delete_cookie(
            self.cookie(name), path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    async def close(self) -> None:
        """Close the connections, if any were made."""
        if "github" in self.__dict__:
            await self.github.close()
