"""Web, worker and an embedded Valkey on one machine, in one supervised command."""

from __future__ import annotations

import asyncio
import fcntl
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from app.config import load
from worker.service import setting_up
from worker.service.embedded import EmbeddedValkey
from worker.service.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from app.config import Settings

HOST = "127.0.0.1"
PORT = 8000
WEB_GRACE = 5.0
"""Seconds that open requests have to end after the web process is asked to stop."""


class CannotServeError(Exception):
    """The service cannot start here; the message says why, for the operator."""


def serve(host: str = HOST, port: int = PORT) -> None:
    """Run everything until SIGINT or SIGTERM; no process is left behind.

    Without an App set-up in the browser comes first. Valkey is embedded when the settings name no
    `REDIS_URL`. Port 0 takes a free one. Raises `SettingsError`, or `CannotServeError` when the
    address or the data folder is in use.
    """
    lacking = setting_up.wanted()
    with ExitStack() as stack:
        data_dir = load().data_dir if lacking is None else lacking.data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        stack.enter_context(only_one(data_dir))
        listener = stack.enter_context(listen(host, port))
        if lacking is not None and not setting_up.set_up(lacking, listener):
            return
        settings = load()
        parts: list[Part] = []
        if "redis_url" not in settings.model_fields_set:
            valkey = EmbeddedValkey.within(settings.data_dir)
            stack.callback(valkey.clean_up)
            parts.append(valkey.part())
            settings = settings.model_copy(update={"redis_url": valkey.url})
        prepare(settings)
        print(f"Listening at {_address(listener)}", flush=True)
        web = Part("web", serve_web, (settings, listener), grace=2 * WEB_GRACE)
        worker = Part("worker", run_worker, (settings,))
        Supervisor((*parts, web, worker)).run()


def prepare(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    from app.db import schema

    asyncio.run(schema.upgrade(settings))


def run_web(settings: Settings, host: str = HOST, port: int = PORT) -> None:
    """Serve HTTP in this process until SIGINT or SIGTERM."""
    with listen(host, port) as listener:
        serve_web(settings, listener)


def serve_web(settings: Settings, listener: socket.socket) -> None:
    """Serve HTTP on a socket that listens already, until SIGINT or SIGTERM."""
    import uvicorn

    from app.logs import configure_logging
    from app.main import create_app

    configure_logging(settings)
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(WEB_GRACE),
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def run_worker(settings: Settings) -> None:
    """Work in this process until SIGINT or SIGTERM; see `worker.main.run_worker`."""
    from worker import main

    main.run_worker(settings)


def listen(host: str, port: int) -> socket.socket:
    """A socket whose connections answer at once.

    Of a socket that does not name TCP, asyncio does not know that it may send without delay: the
    body of every answer would wait 40 ms for the acknowledgement of its head.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotServeError(f"Cannot listen at {host}:{port}: {error.strerror}.") from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def only_one(folder: Path) -> Generator[None]:
    """Be alone with a data folder; raises `CannotServeError` when a service runs in it."""
    with (folder / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotServeError(f"Another service runs in {folder}.") from error
        yield
