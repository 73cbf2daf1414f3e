"""People who sign in: the App's user flow, and what GitHub lets each of them read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
from githubkit.auth import TokenAuthStrategy
from pydantic import BaseModel, ValidationError

from app.github.client import Client
from app.github.errors import (
    PermissionMissingError,
    SuspendedError,
    TerminalError,
    TransientError,
    UnauthorizedError,
)
from app.github.pacing import Pacer
from app.github.transport import TIMEOUT, Retry, SharedTransport, configured

if TYPE_CHECKING:
    from app.config import Settings


class _TokenAnswer(BaseModel):
    access_token: str = ""
    error: str = ""


class _UserAnswer(BaseModel):
    id: int
    login: str


class _InstallationItem(BaseModel):
    id: int
    suspended_at: str | None = None


class _RepositoryItem(BaseModel):
    id: int


@dataclass(frozen=True, slots=True)
class Person:
    """An account that signed in, and the token with which GitHub is asked in its name."""

    id: int
    login: str
    token: str = field(repr=False)


class UserFlow:
    """Signing in as GitHub describes it for Apps; `close` it at the end. `transport` is for tests."""

    def __init__(
        self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._transport = SharedTransport(transport)
        self._config = configured(settings.github_api_url, self._transport, Retry())

    def address(self, state: str, challenge: str, back: str) -> str:
        """Where a person says yes; GitHub leads from there to `back` with a code."""
        query = {
            "client_id": self._settings.github_client_id,
            "redirect_uri": back,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._settings.github_url}/login/oauth/authorize?{urlencode(query)}"

    async def person(self, code: str, verifier: str, back: str) -> Person:
        """Who gave this code. Raises `UnauthorizedError` when GitHub does not take it."""
        token = await self._exchange(code, verifier, back)
        answer = await self._client(token).call("GET", "/user")
        user = _UserAnswer.model_validate(answer.data)
        return Person(user.id, user.login, token)

    async def repositories(self, token: str) -> frozenset[int]:
        """Every repository that this person can read through an installation of the App.

        Raises `GitHubError` when GitHub cannot say all of it: half an answer is none.
        """
        client = self._client(token)
        listed = await client.pages("/user/installations")
        installations = [_InstallationItem.model_validate(one) for one in listed]
        found: set[int] = set()
        for installation in installations:
            if installation.suspended_at is None:
                found |= await _covered(client, installation.id)
        return frozenset(found)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _client(self, token: str) -> Client:
        # GitHub counts each person alone, so nobody waits for the turn of another.
        return Client(TokenAuthStrategy(token), self._config, Pacer())

    async def _exchange(self, code: str, verifier: str, back: str) -> str:
        form = {
            "client_id": self._settings.github_client_id,
            "client_secret": self._settings.github_client_secret.get_secret_value(),
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": back,
        }
        url = f"{self._settings.github_url}/login/oauth/access_token"
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT) as http:
                answer = await http.post(url, data=form, headers={"Accept": "application/json"})
                answer.raise_for_status()
                said = _TokenAnswer.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            raise TransientError(
                f"GitHub did not exchange the code: {type(error).__name__}"
            ) from error
        if not said.access_token:
            # GitHub says no with status 200.
            raise UnauthorizedError(f"GitHub did not take the code: {said.error or 'no token'}.")
        return said.access_token


async def _covered(client: Client, installation_id: int) -> set[int]:
    """What one installation lets the person read; nothing where it is suspended or gone."""
    try:
        listed = await client.pages(
            f"/user/installations/{installation_id}/repositories", most=100_000
        )
    except (SuspendedError, PermissionMissingError, TerminalError):
        return set()
    return {_RepositoryItem.model_validate(one).id for one in listed}
