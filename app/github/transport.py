"""How requests leave: one connection pool, explicit timeouts, and what is tried again."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, override

import httpx
from githubkit.cache import MemCacheStrategy
from githubkit.config import Config, get_config
from githubkit.exception import GitHubException, RequestFailed
from githubkit.typing import RetryOption

from app.github.classify import READS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    type Observe = Callable[[httpx.Response, float], None]

TIMEOUT = httpx.Timeout(20, connect=5, pool=30)
PAUSES = (timedelta(milliseconds=300), timedelta(seconds=1))
"""Waits before a read is tried again; a write never is, except when it was never sent.

None may be zero: githubkit takes that for "no wait named" and sleeps a minute.
"""


@dataclass(frozen=True, slots=True)
class Retry:
    """Which failed requests githubkit sends again: reads that broke, and what never left."""

    pauses: Sequence[timedelta] = PAUSES

    def __call__(self, error: GitHubException, count: int) -> RetryOption:
        """Decide about the attempt number `count`, from 0."""
        if count >= len(self.pauses) or not _is_safe_to_repeat(error):
            return RetryOption(do_retry=False)
        return RetryOption(do_retry=True, retry_after=self.pauses[count])


def never_sent(error: GitHubException) -> bool:
    """Whether the request surely did not reach GitHub."""
    return isinstance(
        error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    )


def _is_safe_to_repeat(error: GitHubException) -> bool:
    if never_sent(error):
        return True
    if isinstance(error, RequestFailed):
        return error.request.method in READS and error.response.status_code >= 500
    cause = error.__cause__
    return isinstance(cause, httpx.TransportError) and cause.request.method in READS


class SharedTransport(httpx.AsyncBaseTransport):
    """A transport that outlives the clients that githubkit makes for each request.

    githubkit keeps its client in a context variable, which tasks started elsewhere do not see;
    the pool of connections is kept here instead, and closed by `close`. `observe` is told of every
    answer and of the seconds until its headers came.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport | None = None,
        observe: Observe = lambda _response, _seconds: None,
    ) -> None:
        self._observe = observe
        self._inner = inner or httpx.AsyncHTTPTransport(
            verify=_certificates(),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        )

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        started = time.perf_counter()
        response = await self._inner.handle_async_request(request)
        response.request = request
        self._observe(response, time.perf_counter() - started)
        return response

    async def close(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Reading all authorities takes 30 ms, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)


def configured(api_url: str, transport: SharedTransport, retry: Retry) -> Config:
    """The configuration of githubkit; `api_url` may be a GitHub Enterprise Server's `/api/v3`.

    Redirects are followed by `Client`, which keeps the method (httpx turns a POST into a GET).
    """
    return get_config(
        base_url=api_url,
        user_agent="backend-expert",
        follow_redirects=False,
        timeout=TIMEOUT,
        trust_env=False,
        async_transport=transport,
        cache_strategy=MemCacheStrategy(),
        http_cache=False,
        auto_retry=retry,
    )
