"""`LocalGitHub`: the whole thing, started and stopped."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.github import control, graphql, oauth, pages, smart_http
from tests.github.actions.apps import Apps
from tests.github.actions.comments import Checks, Comments
from tests.github.actions.pulls import Pulls
from tests.github.actions.repositories import Repositories
from tests.github.errors import Refused, refused
from tests.github.front import Front
from tests.github.rest import apps, checks, comments, contents, pulls, repositories, reviews
from tests.github.world import Recorded, World

if TYPE_CHECKING:
    from tests.github.faults import Faults
    from tests.github.state import Delivery
    from tests.github.webhooks import Webhooks
    from tests.github.world import Limits

REST = (apps, repositories, pulls, reviews, comments, checks, contents)


class LocalGitHub:
    """A GitHub on 127.0.0.1. Use it as a context manager; `url` is the root of API, git and pages.

    People act through `apps`, `repositories`, `pulls`, `comments` and `checks`. `faults` and `limits`
    make it misbehave, `requests` and `webhooks.deliveries` tell what happened.
    """

    def __init__(self, port: int = 0) -> None:
        self.world = World(Path(tempfile.mkdtemp(prefix="local-github-")))
        self.apps = Apps(self.world)
        self.repositories = Repositories(self.world)
        self.pulls = Pulls(self.world)
        self.comments = Comments(self.world)
        self.checks = Checks(self.world)
        self.faults: Faults = self.world.faults
        self.limits: Limits = self.world.limits
        self.webhooks: Webhooks = self.world.webhooks
        self._socket = socket.create_server(("127.0.0.1", port), backlog=2048)
        self.url = self.world.root = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._connections: dict[tuple[str, int], asyncio.BaseTransport] = {}
        self._server = uvicorn.Server(self._config())
        self._thread = threading.Thread(target=self._run, name="local-github", daemon=True)

    @property
    def requests(self) -> list[Recorded]:
        """Every request answered so far, oldest first."""
        return self.world.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook attempt so far, oldest first."""
        return self.webhooks.deliveries

    def start(self) -> Self:
        """Serve in a background thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and remove the repositories."""
        self.webhooks.close()
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self._socket.close()
        shutil.rmtree(self.world.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _config(self) -> uvicorn.Config:
        front = Front(application(self), self.world)
        connections = self._connections

        class Protocol(H11Protocol):
            """Remembers its transport, so that a fault can drop the connection."""

            def connection_made(self, transport) -> None:  # noqa: ANN001
                super().connection_made(transport)
                connections[transport.get_extra_info("peername")[:2]] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.client, None)  # pyright: ignore[reportArgumentType, reportCallIssue]
                super().connection_lost(exc)

        front.drop = lambda client: connections[tuple(client)].abort()  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]
        return uvicorn.Config(
            front, http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
            timeout_keep_alive=60,
        )  # fmt: skip


def application(github: LocalGitHub) -> FastAPI:
    """Return the endpoints of a local GitHub."""
    world = github.world
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.world = world
    app.add_exception_handler(Refused, _refuse)
    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(405, _nowhere)
    for module in REST:
        app.include_router(module.routes(world))
    for module in (graphql, oauth, smart_http, pages):
        app.include_router(module.routes(world))
    app.include_router(control.routes(github))
    return app


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    answer = error if isinstance(error, Refused) else refused(500, "Server Error")
    return JSONResponse(answer.body, answer.status, headers=answer.headers)


async def _nowhere(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse(refused(404, "Not Found").body, 404)
