"""A connection to GitHub whose process dies at one of its writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, override

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable


class Crash(BaseException):
    """The process is gone."""


class CrashingTransport(httpx.AsyncBaseTransport):
    """Dies at write number `at` (from 0), before it is sent or after it was carried out."""

    def __init__(self, at: int, when: Literal["before", "after"]) -> None:
        self.inner = httpx.AsyncHTTPTransport(verify=False)
        self.left = at
        self.when = when
        self.crashed = False

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        counts = request.method != "GET" and "access_tokens" not in request.url.path
        dies = counts and self.left == 0
        self.left -= counts
        if dies and self.when == "before":
            self.crashed = True
            raise Crash
        response = await self.inner.handle_async_request(request)
        if dies:
            await response.aread()
            self.crashed = True
            raise Crash
        return response

    @override
    async def aclose(self) -> None:
        await self.inner.aclose()


class MeanwhileTransport(httpx.AsyncBaseTransport):
    """Lets something happen just before the first request whose path ends so."""

    def __init__(self, method: str, ending: str, happens: Callable[[], object]) -> None:
        self.inner = httpx.AsyncHTTPTransport(verify=False)
        self.method = method
        self.ending = ending
        self.happens: Callable[[], object] | None = happens

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fits = request.method == self.method and request.url.path.endswith(self.ending)
        if fits and self.happens:
            happens, self.happens = self.happens, None
            happens()
        return await self.inner.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        await self.inner.aclose()
