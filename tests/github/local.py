"""`LocalGitHub`: the whole thing, started and stopped."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import uvicorn
import uvicorn.server
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.github import control, graphql, installing, oauth, pages, smart_http
from tests.github.actions.apps import Apps
from tests.github.actions.comments import Checks, Comments
from tests.github.actions.pulls import Pulls
from tests.github.actions.repositories import Repositories
from tests.github.errors import Refused, refused
from tests.github.front import Front
from tests.github.rest import apps, checks, comments, contents, pulls, repositories, reviews
from tests.github.world import CURRENT, Recorded, World

if TYPE_CHECKING:
    from tests.github.faults import Faults
    from tests.github.state import Delivery
    from tests.github.webhooks import Webhooks
    from tests.github.world import Limits

GROUPS = ("apps", "repositories", "pulls", "comments", "checks")
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
        self.world.actions = {name: getattr(self, name) for name in GROUPS}
        self.faults: Faults = self.world.faults
        self.limits: Limits = self.world.limits
        self.webhooks: Webhooks = self.world.webhooks
        self._socket = socket.create_server(("127.0.0.1", port), backlog=2048)
        self.url = self.world.root = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._connections: dict[tuple[str, int], asyncio.Transport] = {}
        self._config = uvicorn_config(self)
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="local-github"
        )

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
        self._ready.wait()
        return self

    def stop(self) -> None:
        """Stop serving and remove the repositories."""
        self.webhooks.close()
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        shutil.rmtree(self.world.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def drop(self, client: tuple[str, int]) -> None:
        """Close the connection of a client without an answer."""
        self._connections[client].abort()

    async def _serve(self) -> None:
        """Serve until stopped; uvicorn's own loop would look only every 0.1 s."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        state = uvicorn.server.ServerState()
        server = await self._loop.create_server(
            lambda: Connection(self._connections, self._config, state), sock=self._socket
        )
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for transport in list(self._connections.values()):
            transport.abort()


class Connection(H11Protocol):
    """An HTTP connection that can be found again by the client's address, to be dropped."""

    def __init__(
        self,
        known: dict[tuple[str, int], asyncio.Transport],
        config: uvicorn.Config,
        state: uvicorn.server.ServerState,
    ) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self._known = known

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Remember the transport; asyncio itself sends without delay only on sockets it made."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._known[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        self._known.pop(self.transport.get_extra_info("peername")[:2], None)
        super().connection_lost(exc)


def uvicorn_config(github: LocalGitHub) -> uvicorn.Config:
    """Return the settings of one connection, the application among them."""
    front = Front(application(), github.world, github.drop)
    config = uvicorn.Config(
        front, ws="none", lifespan="off", log_config=None, access_log=False, timeout_keep_alive=60
    )
    config.load()
    return config


@cache
def application() -> FastAPI:
    """Return the endpoints of every local GitHub; `CURRENT` says which one is asked."""
    world = cast("World", CURRENT)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.world = world
    app.add_exception_handler(Refused, _refuse)
    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(405, _nowhere)
    for module in (control, *REST, graphql, oauth, smart_http, installing, pages):
        app.include_router(module.routes(world))
    return app


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    answer = error if isinstance(error, Refused) else refused(500, "Server Error")
    return JSONResponse(answer.body, answer.status, headers=answer.headers)


async def _nowhere(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse(refused(404, "Not Found").body, 404)
