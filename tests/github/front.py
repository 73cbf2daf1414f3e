"""What stands before every endpoint: the log, faults, rates, ETags, addresses by repository id."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
import uuid
from typing import TYPE_CHECKING

from tests.github.faults import CONTENT_BLOCK, PRIMARY
from tests.github.world import CURRENT, Recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from tests.github.faults import Fault
    from tests.github.world import World

    type Scope = MutableMapping
    type Message = MutableMapping
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]

BY_ID = re.compile(r"^/repositories/(\d+)(/.*)?$")
CONTENT = re.compile(r"/(comments|reviews|replies|pulls|issues)$")
GIT = re.compile(r"^/[^/]+/[^/]+\.git/")
HOUR, MINUTE = 3600, 60


class Front:
    """The ASGI application that wraps the endpoints."""

    def __init__(
        self,
        inner: Callable[[Scope, Receive, Send], Awaitable[None]],
        world: World,
        drop: Callable[[tuple[str, int]], None],
    ) -> None:
        self._inner = inner
        self._world = world
        self._drop = drop
        self._used: dict[str, int] = {}
        self._content: list[float] = []
        self._reset = int(time.time()) + HOUR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        CURRENT.enter(self._world)
        if scope["type"] != "http" or scope["path"].startswith("/_control"):
            await self._inner(scope, receive, send)
            return
        started, clock = time.time(), time.perf_counter()
        self._as_enterprise(scope)
        self._by_id(scope)
        status = 0

        def record() -> None:
            self._world.requests.append(
                Recorded(
                    method=scope["method"],
                    path=scope["path"],
                    query=scope["query_string"].decode(),
                    status=status,
                    started=started,
                    seconds=time.perf_counter() - clock,
                    actor=scope.get("caller"),
                )
            )

        async def recording(message: Message) -> None:
            """Record before the last byte leaves, so that the client finds its request recorded."""
            nonlocal status
            status = message.get("status", status)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                record()
            await send(message)

        await self._answer(scope, receive, recording)
        if not status:
            record()

    def _as_enterprise(self, scope: Scope) -> None:
        """Answer at the addresses of an Enterprise Server too."""
        for prefix, meant in (("/api/v3/", "/"), ("/api/graphql", "/graphql")):
            if scope["path"].startswith(prefix):
                scope["path"] = meant + scope["path"].removeprefix(prefix)
                scope["raw_path"] = scope["path"].encode()

    def _by_id(self, scope: Scope) -> None:
        """Let `/repositories/{id}/...` mean the repository by whatever name it has now."""
        match = BY_ID.match(scope["path"])
        repository = match and self._world.repositories.get(int(match[1]))
        scope["asked_path"] = scope["path"]
        if match and repository and not repository.deleted:
            scope["path"] = f"/repos/{repository.full_name}{match[2] or ''}"
            scope["raw_path"] = scope["path"].encode()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._world.faults.take(scope["method"], scope["path"])
        if fault and fault.happens:
            await asyncio.to_thread(fault.happens)
        git = bool(GIT.match(scope["path"]))
        delay = (fault.delay if fault else 0.0) + (0.0 if git else self._world.limits.latency)
        if delay:
            await asyncio.sleep(delay)
        if fault and fault.when == "before" and (fault.drop or fault.status):
            await self._fail(scope, send, fault)
            return
        if git and not fault:
            await self._inner(scope, receive, send)
            return
        status, headers, body = await self._collect(scope, receive)
        if fault and (fault.drop or fault.status) and fault.when == "after":
            await self._fail(scope, send, fault)
            return
        await self._finish(scope, send, (status, headers, body))

    async def _collect(self, scope: Scope, receive: Receive) -> tuple[int, dict[str, str], bytes]:
        limited = self._limited(scope)
        if limited:
            return limited
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._inner(scope, receive, keep)
        headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return start["status"], headers, bytes(body)

    def _limited(self, scope: Scope) -> tuple[int, dict[str, str], bytes] | None:
        """Return the refusal of a caller that has used up a limit."""
        limit = self._world.limits.content_per_minute
        if limit is not None and scope["method"] == "POST" and CONTENT.search(scope["path"]):
            moment = time.monotonic()
            self._content = [one for one in self._content if moment - one < MINUTE]
            self._content.append(moment)
            if len(self._content) > limit:
                return (
                    403,
                    {"content-type": "application/json"},
                    json.dumps({"message": CONTENT_BLOCK}).encode(),
                )
        if self._used.get(_bucket(scope), 0) >= self._world.limits.rate_limit:
            return (
                403,
                {"content-type": "application/json"},
                json.dumps({"message": PRIMARY}).encode(),
            )
        return None

    async def _finish(
        self, scope: Scope, send: Send, answer: tuple[int, dict[str, str], bytes]
    ) -> None:
        status, headers, body = answer
        if scope["method"] == "GET" and status == 200:
            headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
            if headers["etag"] in _header(scope, b"if-none-match"):
                status, body = 304, b""
        if status != 304:
            self._used[_bucket(scope)] = self._used.get(_bucket(scope), 0) + 1
        await _send(send, status, {**self._standard(scope), **headers}, body)

    async def _fail(self, scope: Scope, send: Send, fault: Fault) -> None:
        if fault.drop:
            self._drop(scope["client"])
            await asyncio.sleep(0.01)
            return
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        kind = "text/html" if isinstance(fault.body, str) else "application/json; charset=utf-8"
        headers = {"content-type": kind, **self._standard(scope), **fault.headers}
        await _send(send, fault.status or 500, headers, text.encode())

    def _standard(self, scope: Scope) -> dict[str, str]:
        limit, used = self._world.limits.rate_limit, self._used.get(_bucket(scope), 0)
        if time.time() > self._reset:
            self._used.clear()
            self._reset += HOUR
        return {
            "server": "github.com",
            "x-github-media-type": "github.v3; format=json",
            "x-github-api-version-selected": "2022-11-28",
            "x-github-request-id": uuid.uuid4().hex.upper()[:20],
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - used)),
            "x-ratelimit-reset": str(self._reset),
            "x-ratelimit-used": str(used),
            "x-ratelimit-resource": "graphql" if scope["path"] == "/graphql" else "core",
        }


def _bucket(scope: Scope) -> str:
    return _header(scope, b"authorization") or "nobody"


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    headers = {name: value for name, value in headers.items() if name != "content-length"}
    if status not in (204, 304):
        headers["content-length"] = str(len(body))
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
