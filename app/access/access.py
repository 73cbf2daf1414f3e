"""The parts of access that live as long as the application."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from app import credentials
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
    from app.queue import Queue

FOUNDER_SECONDS = 24 * 3600
"""How long the browser that did the set-up may take to sign in."""
SIGN_INS = 20
"""Steps of signing in that one address may take in a minute; one sign-in takes two."""


class Access:
    """Keys, cookies and answers about people."""

    def __init__(self, settings: Settings, queue: Queue) -> None:
        self._settings = settings
        self._operators = set(settings.operators)
        self.reaches = Reaches()
        self.sign_ins = Throttle(queue, SIGN_INS, 60)
        self.is_secure = settings.public_url.startswith("https://")

    @functools.cached_property
    def keys(self) -> Keys:
        """The keys of this service; reading the secret waits until somebody needs it."""
        return Keys(session_secret(self._settings.session_secret, self._settings.data_dir))

    @functools.cached_property
    def github(self) -> UserFlow:
        """The user flow; importing what it needs waits until somebody signs in."""
        from app.github.users import UserFlow

        return UserFlow(self._settings)

    def is_operator(self, login: str) -> bool:
        """Whether the operator's list has this login."""
        return login.lower() in self._operators

    def found(self, cookie: str, login: str) -> bool:
        """Make an operator of who did the set-up in this browser, where there is none yet.

        An organisation owns the App then, and GitHub does not say who registered it.
        """
        founder = self.keys.unseal("founder", cookie, FOUNDER_SECONDS) if cookie else None
        if founder is None or self._operators:
            return False
        self._operators.add(login.lower())
        credentials.add_operator(self._settings.data_dir, login)
        return True

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
