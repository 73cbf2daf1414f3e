"""`python -m tests.bench.receiver PORT`: a webhook receiver that verifies, parses and forgets."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from typing import TYPE_CHECKING

import uvicorn

from tests.bench.service import SECRET

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope


async def receive(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer 202 to what is signed."""
    if scope["type"] != "http":
        return
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.request":
            body += message["body"]
        more = message["type"] == "http.request" and message["more_body"]
    given = dict(scope["headers"]).get(b"x-hub-signature-256", b"")
    wanted = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    status = 202 if hmac.compare_digest(given, wanted.encode()) and json.loads(body) else 401
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-length", b"0")],
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": b"", "more_body": False})


if __name__ == "__main__":
    uvicorn.run(receive, port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
