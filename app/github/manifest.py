"""The last step of GitHub's manifest flow: a code becomes the credentials of a new App."""

from __future__ import annotations

from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from app.github.errors import GitHubError, NotFoundError, TransientError
from app.github.transport import TIMEOUT

ACCEPT = {"Accept": "application/vnd.github+json", "User-Agent": "backend-expert"}


class Owner(BaseModel):
    """The account that the App belongs to."""

    login: str
    type: str = "User"


class Registered(BaseModel):
    """What GitHub gives away once, when the App is made."""

    id: int
    slug: str
    name: str
    html_url: str
    client_id: str
    client_secret: str
    webhook_secret: str | None
    pem: str
    owner: Owner


async def convert(api_url: str, code: str) -> Registered:
    """The App that was registered under this code. It works once, within an hour.

    Raises `NotFoundError` for a code that GitHub does not know (any more).
    """
    url = f"{api_url}/app-manifests/{quote(code, safe='')}/conversions"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, headers=ACCEPT, trust_env=False) as http:
            answer = await http.post(url)
    except httpx.HTTPError as error:
        raise TransientError(f"{api_url} does not answer: {type(error).__name__}") from error
    if answer.status_code == 404:
        raise NotFoundError("GitHub does not know the code any more.", status=404)
    if not answer.is_success:
        raise GitHubError(f"GitHub answered {answer.status_code}.", status=answer.status_code)
    try:
        return Registered.model_validate_json(answer.content)
    except ValidationError as error:
        raise GitHubError("GitHub's answer is not that of a new App.") from error
