"""One request to GitHub, from the call to plain data or one of our errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import httpx
from githubkit import GitHub
from githubkit.exception import GitHubException, RequestFailed

from app.github.classify import LEAST_WAIT, READS, Answer, error_of, graphql_error_of
from app.github.costs import cost_of
from app.github.errors import AmbiguousError, GitHubError, RateLimitedError, TransientError
from app.github.transport import never_sent

if TYPE_CHECKING:
    from githubkit.auth import BaseAuthStrategy
    from githubkit.config import Config

    from app.github.pacing import Pacer

type Json = Mapping[str, Any] | Sequence[Any]

HOPS = 3
"""Redirects followed for one request; a renamed repository takes one."""
VERSION = {"X-GitHub-Api-Version": "2022-11-28"}


class Client:
    """Requests with one identity: the App itself, or one of its installations.

    Reads may run side by side. Every request waits for its turn first, and a limit that GitHub
    names holds for everybody from then on. Every failure is one of `app.github.errors`.
    """

    def __init__(
        self, auth: BaseAuthStrategy, config: Config, pacer: Pacer, installation_id: int = 0
    ) -> None:
        self._github = GitHub(auth, config=config)
        self._base = config.base_url
        self._pacer = pacer
        self._installation_id = installation_id

    async def ready(self) -> None:
        """Raise `RateLimitedError` when a job that writes should not even begin now."""
        await self._pacer.ready(self._installation_id)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        params: Mapping[str, str | int] | None = None,
        accept: str | None = None,
    ) -> Answer:
        """The answer to one request; `path` starts with `/` or is a URL of this GitHub."""
        url = self._ours(self._base.join(path.lstrip("/")))
        headers = VERSION | ({"Accept": accept} if accept else {})
        for _ in range(HOPS):
            answer = await self._in_turn(method, url, body, params, headers)
            if answer.status < 300 or answer.status == 304:
                return answer
            url, params = self._ours(url.join(answer.headers.get("location", ""))), None
        raise GitHubError("GitHub redirected in a circle.", status=301)

    async def pages(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        most: int = 3000,
        enough: Callable[[Any], bool] = lambda _: False,
    ) -> list[Any]:
        """Every item of a paged list, or of the list inside `check_runs` and its like.

        No further page is asked for after one whose last item is `enough`.
        """
        items: list[Any] = []
        following: str | None = path
        wanted: Mapping[str, str | int] | None = {"per_page": 100} | dict(params or {})
        while following and len(items) < most:
            answer = await self.call("GET", following, params=wanted)
            items += _items(answer.data)
            following, wanted = _next_page(answer), None
            if items and enough(items[-1]):
                break
        return items[:most]

    async def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The `data` of a GraphQL answer; raises when it names an error, also with status 200."""
        answer = await self.call(
            "POST", self._graphql_url(), body={"query": query, "variables": dict(variables or {})}
        )
        if error := graphql_error_of(answer, datetime.now(UTC)):
            if isinstance(error, RateLimitedError):
                await self._pacer.limited(self._installation_id, error)
            raise error
        return answer.data["data"]

    def _graphql_url(self) -> str:
        """On GitHub Enterprise Server `/api/v3/` has its GraphQL at `/api/graphql`."""
        path, found = re.subn(r"/api/v3/?$", "/api/graphql", self._base.path)
        return str(self._base.copy_with(path=path if found else f"{self._base.path}graphql"))

    def _ours(self, url: httpx.URL) -> httpx.URL:
        """The same URL; another host, which would be handed our token, is refused."""
        if (url.scheme, url.netloc) != (self._base.scheme, self._base.netloc):
            raise GitHubError(f"Refused to ask {url.host}.")
        return url

    async def _in_turn(
        self,
        method: str,
        url: httpx.URL,
        body: Json | None,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        query = str(body.get("query", "")) if isinstance(body, Mapping) else ""
        await self._pacer.take(self._installation_id, cost_of(method, url.path, query))
        try:
            return await self._send(method, url, body, params, headers)
        except RateLimitedError as error:
            await self._pacer.limited(self._installation_id, error)
            raise

    async def _send(
        self,
        method: str,
        url: httpx.URL,
        body: Json | None,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        try:
            response = await self._github.arequest(  # pyright: ignore[reportUnknownMemberType] its `data`
                method, url, json=body, params=params, headers=headers
            )
        except RequestFailed as error:
            raise error_of(_answer(method, error.response.raw_response), _now()) from error
        except GitHubException as error:
            raise _unanswered(method, error) from error
        except ValueError as error:  # githubkit reads any Retry-After of a 403 or 429 as a number.
            raise RateLimitedError(str(error), retry_at=_now() + LEAST_WAIT, status=429) from error
        return _answer(method, response.raw_response)


def _now() -> datetime:
    return datetime.now(UTC)


def _answer(method: str, response: httpx.Response) -> Answer:
    try:
        data: Any = response.json() if response.content else None
    except ValueError as error:
        if response.is_success:
            kind = TransientError if method in READS else AmbiguousError
            raise kind("GitHub's answer is not JSON.", status=response.status_code) from error
        data = None
    return Answer(method, response.status_code, response.headers, data)


def _unanswered(method: str, error: GitHubException) -> GitHubError:
    """The error of a request without a usable answer."""
    cause = error.__cause__ or error
    if isinstance(cause, GitHubError):
        return cause  # Minting the token failed, inside the signing of this request.
    message = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if not isinstance(cause, httpx.TransportError):
        return GitHubError(message)
    if method in READS or never_sent(error):
        return TransientError(message)
    return AmbiguousError(message)


def _items(data: Any) -> list[Any]:
    if isinstance(data, list):
        return cast("list[Any]", data)
    if not isinstance(data, dict):
        raise TransientError("GitHub answered a list with something else.", status=200)
    for value in cast("dict[str, Any]", data).values():
        if isinstance(value, list):
            return cast("list[Any]", value)
    return []


def _next_page(answer: Answer) -> str | None:
    for part in answer.headers.get("link", "").split(","):
        target, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return target.strip(" <>")
    return None
