"""ETags: who has a page already is told so instead of being sent it again."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PRIVATE = "private, no-cache"
"""Kept by the browser of one person only, and asked for again each time."""


class ConditionalGet:
    """Puts an ETag on every answer to a GET that was made here, and answers 304 where it fits.

    Who may see a page is decided before: a browser without access never gets as far as the tag.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def collect(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_tagged(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _finish(scope, start, bytes(body), send)

        await self._app(scope, receive, collect)


async def _finish(scope: Scope, start: Message, body: bytes, send: Send) -> None:
    """Send a whole answer, or say that it is known."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = MutableHeaders(scope=start)
    headers["ETag"] = tag
    headers.setdefault("Cache-Control", PRIVATE)
    headers.add_vary_header("Cookie")
    if tag in Headers(scope=scope).get("if-none-match", ""):
        start["status"], body = 304, b""
        del headers["content-length"]
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _may_be_tagged(start: Message) -> bool:
    """Files have a tag already; what went wrong is not kept by anybody."""
    tagged = any(name.lower() == b"etag" for name, _ in start.get("headers", ()))
    return start["status"] == 200 and not tagged
