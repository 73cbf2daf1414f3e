"""Talking to the app as GitHub and as a browser do."""

import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app.config import Settings
from app.main import create_app
from app.services import Services
from tests.app.settings import SECRET

HERE = ("127.0.0.1", 50_000)


@asynccontextmanager
async def talking_to(
    settings: Settings, client: tuple[str, int] = HERE, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[httpx.AsyncClient, Services]]:
    """The app behind a client that comes from the address `client`."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=client)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http,
    ):
        yield http, app.state.services


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery_headers(body: bytes, event: str = "pull_request", guid: str = "") -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid or str(uuid.uuid4()),
        "X-Hub-Signature-256": signed(body),
    }


async def deliver(
    http: httpx.AsyncClient, payload: object, event: str = "pull_request", guid: str = ""
) -> httpx.Response:
    body = json.dumps(payload).encode()
    return await http.post("/webhook", content=body, headers=delivery_headers(body, event, guid))
