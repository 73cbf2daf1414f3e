"""Set-up in the browser: what `serve` does while there is no App."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.config import check_without_app
from app.credentials import stored
from app.setup.place import Place, SetupSettings

if TYPE_CHECKING:
    import socket

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 it is told apart, not listened at


def wanted() -> SetupSettings | None:
    """What set-up needs to know; None when there is an App already.

    Raises `SettingsError` when something else in the environment is not usable: it would come out
    only after set-up.
    """
    settings = SetupSettings()
    if settings.github_app_id or stored(settings.data_dir) is not None:
        return None
    check_without_app()
    return settings


def set_up(settings: SetupSettings, listener: socket.socket) -> bool:
    """Offer set-up until there is an App; False when a signal came first."""
    place = Place(
        data_dir=settings.data_dir,
        public_url=(settings.public_url or _address(listener)).rstrip("/"),
        github_url=settings.github_url.rstrip("/"),
        session_secret=settings.session_secret,
    )
    print("There is no GitHub App yet. Open this link in a browser; it works once, for an hour.")
    print(f"Set-up: {place.link}", flush=True)
    asyncio.run(_serve(place, listener))
    return place.progress.made is not None


async def _serve(place: Place, listener: socket.socket) -> None:
    """Serve on a copy of the socket: who comes in between waits for the service itself."""
    import uvicorn

    from app.setup.main import create_setup_app

    def finished() -> None:
        server.should_exit = True

    config = uvicorn.Config(
        create_setup_app(place, finished), log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    await server.serve(sockets=[listener.dup()])


def _address(listener: socket.socket) -> str:
    name: tuple[str, int] = listener.getsockname()[:2]
    host, port = ANYWHERE.get(name[0], name[0]), name[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
