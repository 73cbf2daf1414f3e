"""Sessions: a signed cookie for the browser, a row for us, and GitHub's token between the two.

The token is sealed with the secret of the service and with what only the cookie holds, so whoever
reads the database has no token, and whoever has the cookie has only what we show.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.db import sessions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.access.keys import Keys
    from app.github.users import Person

LIFE = timedelta(hours=8)
"""As long as GitHub's user tokens live."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. `key` names the row, `token` asks GitHub in that name."""

    key: str
    user_id: int
    login: str
    csrf: str
    token: str = field(repr=False)


async def begin(session: AsyncSession, keys: Keys, person: Person) -> str:
    """Start a session and give the value of its cookie."""
    name, now = secrets.token_urlsafe(32), datetime.now(UTC)
    await sessions.start(
        session,
        key=_key(name),
        user_id=person.id,
        login=person.login,
        token=keys.seal(f"token:{name}", {"token": person.token}).encode(),
        now=now,
        expires_at=now + LIFE,
    )
    return f"{name}.{keys.sign('session', name)}"


async def of_cookie(session: AsyncSession, keys: Keys, cookie: str) -> Session | None:
    """The session of a cookie, None for one that is not ours or has ended."""
    name = _name(keys, cookie)
    row = await sessions.find(session, _key(name), datetime.now(UTC)) if name else None
    if row is None:
        return None
    held = keys.unseal(f"token:{name}", row.token.decode(), int(LIFE.total_seconds()))
    if held is None:
        return None
    return Session(row.key, row.user_id, row.login, keys.sign("csrf", row.key), held["token"])


def _name(keys: Keys, cookie: str) -> str:
    name, _, signature = cookie.partition(".")
    return name if name and keys.is_signed("session", name, signature) else ""


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
