"""The socket at which deliveries arrive."""

from __future__ import annotations

import asyncio
import socket

import pytest

from worker.service.serve import CannotServeError, listen


async def test_answers_leave_without_delay():
    """With a delay the second packet of an answer waits 40 ms for the receipt of the first."""
    undelayed: list[int] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted: socket.socket = writer.get_extra_info("socket")
        undelayed.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listen("127.0.0.1", 0) as listener:
        async with await asyncio.start_server(accept, sock=listener):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            await reader.read()
            writer.close()
            await writer.wait_closed()

    assert undelayed == [1]


def test_an_address_in_use_is_named():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotServeError, match=f"127.0.0.1:{port}"):
            listen("127.0.0.1", port)
