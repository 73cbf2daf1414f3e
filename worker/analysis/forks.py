"""Starting children: a keeper that watches over one, and a server that forks them ready to run.

A fork takes a few milliseconds where a new interpreter would import for a quarter of a second.
Not `multiprocessing.forkserver`, because that imports the main program again in every child, gives
children the environment with its secrets, and trusts pickles that children write.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import warnings

from rules.catalog import all_rules
from worker.analysis.child import engine_version, forget_the_parent, review_in_child
from worker.service.parentage import die_with_parent

PRELOADED = (
    "rules.core.review",
    "rules.core.repair",
    "worker.git.repository",
    "worker.git.folder",
    "libcst",
    "unidiff",
)
"""Imported once by the server, so that no child has to; with all rules, that is a second."""

LENGTH = struct.Struct("!Q")
"""Precedes a pickled job on the channel."""


def framed(pickled: bytes) -> bytes:
    """A pickled job as it goes over the channel."""
    return LENGTH.pack(len(pickled)) + pickled


def fork_keeper(channel: socket.socket, *not_for_it: socket.socket) -> int:
    """Fork a process that reads a job from the channel and keeps a child that does it.

    It closes the sockets that are `not_for_it`, above all the other end of the channel.

    The channel closes when all is over. Closing the other end kills the child. Returns the
    keeper's process id.
    """
    with warnings.catch_warnings():
        # Python warns of forking beside threads; the child touches nothing that they lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    try:
        for other in not_for_it:
            other.close()
        forget_the_parent()
        os.setsid()
        _keep(channel)
    except BaseException:  # noqa: BLE001 a fork must never return into its parent's code
        os._exit(1)
    os._exit(0)


def _keep(channel: socket.socket) -> None:
    pickled = _receive_job(channel)
    alive, held_by_child = os.pipe()
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(alive)
        die_with_parent(keeper)
        review_in_child(pickled, channel)
        os._exit(0)
    os.close(held_by_child)
    if _child_ends_first(alive, channel):
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        channel.sendall(json.dumps({"exit": code}).encode("ascii") + b"\n")
    os.killpg(0, signal.SIGKILL)  # Also the git that a crashed child leaves behind.


def _child_ends_first(alive: int, channel: socket.socket) -> bool:
    """Wait until the child has ended (its end of a pipe closes) or the parent hangs up."""
    poll = select.poll()
    poll.register(alive, select.POLLIN)
    poll.register(channel, select.POLLIN)
    return alive in {fd for fd, _ in poll.poll()}


def _receive_job(channel: socket.socket) -> bytes:
    (length,) = LENGTH.unpack(_receive(channel, LENGTH.size))
    return _receive(channel, length)


def _receive(channel: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        some = channel.recv(min(2**20, size - len(received)))
        if not some:
            raise EOFError
        received += some
    return bytes(received)


def serve(control: socket.socket) -> None:
    """Fork a keeper for every channel that comes over `control`, until that is closed.

    One byte over `control` says that forks are quick from now on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The system reaps the keepers.
    for name in PRELOADED:
        importlib.import_module(name)
    all_rules()
    engine_version()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(ConnectionError):  # The parent has gone before anything was wanted.
        control.sendall(b"+")
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                return
            with socket.socket(fileno=descriptors[0]) as channel:
                fork_keeper(channel, control)


if __name__ == "__main__":
    die_with_parent(os.getppid())
    serve(socket.socket(fileno=int(sys.argv[1])))
