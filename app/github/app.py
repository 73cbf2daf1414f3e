"""Our GitHub App: who it is and what it can reach."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from githubkit.auth import AppAuthStrategy
from pydantic import BaseModel

from app.github.auth import InstallationAuthStrategy
from app.github.client import Client
from app.github.pacing import Pacer
from app.github.people import Permissions
from app.github.repository import Repository
from app.github.tokens import InstallationTokens
from app.github.transport import Retry, SharedTransport, configured

if TYPE_CHECKING:
    import httpx

    from app.github.tokens import InstallationToken
    from app.github.transport import Observe

GITHUB = "https://api.github.com"
MOST_REPOSITORIES = 100_000
"""More than any installation covers."""


class AppAnswer(BaseModel):
    """What we read of `GET /app`."""

    id: int
    slug: str


class RepositoryAnswer(BaseModel):
    """What we read of an item of `GET /installation/repositories`."""

    id: int


class InstallationAnswer(BaseModel):
    """What we read of `GET /app/installations/{id}`."""

    id: int
    suspended_at: datetime | None = None


class UserAnswer(BaseModel):
    """What we read of `GET /users/{login}`."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The App and the account in whose name it comments (`slug[bot]`)."""

    app_id: int
    slug: str
    user_id: int
    login: str


class GitHubApp:
    """The App with its key: the start of every conversation with GitHub.

    One object serves a whole process; `close` it at the end. `pacer` is shared with other processes
    when it has a Redis; `transport` is for tests; `observe` is told of every answer and of the
    seconds it took.
    """

    def __init__(
        self,
        app_id: int,
        private_key: str,
        *,
        api_url: str = GITHUB,
        transport: httpx.AsyncBaseTransport | None = None,
        retry: Retry | None = None,
        pacer: Pacer | None = None,
        observe: Observe = lambda _response, _seconds: None,
    ) -> None:
        self._transport = SharedTransport(transport, observe)
        self._config = configured(api_url, self._transport, retry or Retry())
        self._pacer = pacer or Pacer()
        auth = AppAuthStrategy(app_id, private_key)
        self.client = Client(auth, self._config, self._pacer)
        self._tokens = InstallationTokens(self.client)
        self._installations: dict[int, Client] = {}
        self._identity: Identity | None = None
        self._identifying = asyncio.Lock()
        self.permissions = Permissions()

    def installation(self, installation_id: int) -> Client:
        """Requests in the name of an installation."""
        if installation_id not in self._installations:
            auth = InstallationAuthStrategy(self._tokens, installation_id)
            client = Client(auth, self._config, self._pacer, installation_id)
            self._installations[installation_id] = client
        return self._installations[installation_id]

    def repository(self, installation_id: int, owner: str, name: str) -> Repository:
        """A repository, reached through the installation that covers it."""
        return Repository(self, self.installation(installation_id), installation_id, owner, name)

    async def token(
        self, installation_id: int, *, instead_of: str | None = None
    ) -> InstallationToken:
        """A token for git, with the permissions it carries; `instead_of` is one that git refused."""
        return await self._tokens.get(installation_id, instead_of=instead_of)

    async def grants(self, installation_id: int, needed: str) -> bool:
        """Whether an installation has granted by now what GitHub said a request needs."""
        return (await self._tokens.get(installation_id, fresh=True)).grants(needed)

    async def is_suspended(self, installation_id: int) -> bool:
        """Whether its owner has put an installation to sleep; raises `NotFoundError` when it is gone."""
        answer = await self.client.call("GET", f"/app/installations/{installation_id}")
        return InstallationAnswer.model_validate(answer.data).suspended_at is not None

    async def repository_ids(self, installation_id: int) -> frozenset[int]:
        """The repositories that an installation covers, by number."""
        client = self.installation(installation_id)
        listed = await client.pages("/installation/repositories", most=MOST_REPOSITORIES)
        return frozenset(RepositoryAnswer.model_validate(one).id for one in listed)

    async def identity(self, installation_id: int) -> Identity:
        """Who we are, asked once: by it our own comments are told from those of others."""
        async with self._identifying:
            if self._identity is None:
                self._identity = await self._identify(installation_id)
            return self._identity

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _identify(self, installation_id: int) -> Identity:
        app = AppAnswer.model_validate((await self.client.call("GET", "/app")).data)
        login = f"{app.slug}[bot]"
        answer = await self.installation(installation_id).call("GET", f"/users/{login}")
        user = UserAnswer.model_validate(answer.data)
        return Identity(app.id, app.slug, user.id, user.login)
