"""A plain client of the REST API, for tests of the local GitHub itself."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, cast

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.github.local import LocalGitHub
    from tests.github.state import App, Installation


def app_jwt(app: App, *, lifetime: int = 540, issued: int = -60, key: str | None = None) -> str:
    """Return a JWT of `app`, issued and expiring that many seconds from now."""
    moment = int(time.time())
    claims = {"iss": str(app.id), "iat": moment + issued, "exp": moment + lifetime}
    return jwt.encode(claims, _loaded(key or app.private_key), "RS256")


@cache
def _loaded(pem: str) -> RSAPrivateKey:
    return cast("RSAPrivateKey", load_pem_private_key(pem.encode(), None))


def as_app(github: LocalGitHub, app: App) -> httpx.Client:
    """Return a client that calls as the App itself."""
    headers = {"authorization": f"Bearer {app_jwt(app)}"}
    return httpx.Client(base_url=github.url, headers=headers, trust_env=False, verify=False)


def as_installation(
    github: LocalGitHub, installation: Installation, **narrowed: object
) -> httpx.Client:
    """Return a client that calls with a fresh installation token."""
    with as_app(github, installation.app) as client:
        answer = client.post(f"/app/installations/{installation.id}/access_tokens", json=narrowed)
    headers = {"authorization": f"token {answer.raise_for_status().json()['token']}"}
    return httpx.Client(base_url=github.url, headers=headers, trust_env=False, verify=False)


def as_user(github: LocalGitHub, login: str) -> httpx.Client:
    """Return a client that calls as a person."""
    token = github.world.mint("ghu", user=github.world.user(login))
    return httpx.Client(
        base_url=github.url,
        headers={"authorization": f"token {token.value}"},
        trust_env=False,
        verify=False,
    )
