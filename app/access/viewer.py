"""Who looks at a page, and what of it they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.callers import is_this_machine
from app.db import repositories
from app.github.errors import GitHubError, UnauthorizedError

if TYPE_CHECKING:
    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.access.access import Access
    from app.access.sessions import Session
    from app.config import Settings


class SignInNeededError(Exception):
    """Nobody is signed in, and the page is not for everybody."""


class NotKnownNowError(Exception):
    """GitHub does not say at the moment what the person may read, so nothing is shown."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `repositories` are our ids of what they may read, None for everything.

    `login` is None where nobody needs to sign in. `csrf` goes into every form.
    """

    login: str | None
    is_operator: bool
    repositories: frozenset[int] | None
    csrf: str = ""

    def sees(self, repository_id: int) -> bool:
        """Whether this repository is theirs to read."""
        return self.repositories is None or repository_id in self.repositories


async def viewer_of(
    request: Request, session: AsyncSession, access: Access, settings: Settings
) -> Viewer:
    """Who asks. Raises `SignInNeededError` or `NotKnownNowError`: in doubt nothing is shown."""
    found = await access.session_of(request, session)
    if found is not None:
        return await _signed_in(session, access, found)
    if settings.history_local and is_this_machine(request):
        return Viewer(None, is_operator=True, repositories=None)
    if settings.history_public:
        return Viewer(None, is_operator=False, repositories=None)
    raise SignInNeededError


async def _signed_in(session: AsyncSession, access: Access, found: Session) -> Viewer:
    if access.is_operator(found.login):
        return Viewer(found.login, is_operator=True, repositories=None, csrf=found.csrf)
    try:
        readable = await access.reaches.of(found, access.github)
    except UnauthorizedError as error:
        raise SignInNeededError from error
    except GitHubError as error:
        raise NotKnownNowError(error.message) from error
    ours = await repositories.reachable_ids(session)
    return Viewer(found.login, is_operator=False, repositories=ours & readable, csrf=found.csrf)
