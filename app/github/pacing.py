"""How fast an installation is used: allowances that all processes share through Valkey.

GitHub counts points a minute and new content a minute and an hour, and wants writes a second apart. Who
goes on in spite of a limit may lose the App, so every request waits here for its turn.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, cast

from redis.exceptions import RedisError

from app.github.errors import RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from app.github.costs import Cost

PATIENCE = 10.0
"""Seconds that a request waits for its turn; beyond it the whole job is better deferred."""
READY = 2.0
"""Seconds of writes that may wait already when another job begins."""
MINUTE, HOUR = 60.0, 3600.0

# KEYS: the blocks, then the buckets. ARGV: patience in seconds, how many blocks, then for each bucket
# burst, rate per second and cost. Returns the wait in milliseconds, negative (its size is the wait) when
# it exceeds the patience and nothing was taken. Tokens may go below zero: that is a place in the queue.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local patience, blocks = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait, left = 0, {}
for i = 1, blocks do
  wait = math.max(wait, (tonumber(redis.call('GET', KEYS[i])) or 0) - now)
end
for i = blocks + 1, #KEYS do
  local at = 3 * (i - blocks)
  local burst, rate, cost = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local bucket = redis.call('HMGET', KEYS[i], 'tokens', 'at')
  local tokens, since = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
  left[i] = math.min(burst, tokens + math.max(0, now - since) * rate) - cost
  wait = math.max(wait, -left[i] / rate)
end
if wait > patience then return -math.ceil(wait * 1000) end
for i = blocks + 1, #KEYS do
  local at = 3 * (i - blocks)
  redis.call('HSET', KEYS[i], 'tokens', left[i], 'at', now)
  redis.call('EXPIRE', KEYS[i], math.ceil(ARGV[at] / ARGV[at + 1]) + 60)
end
return math.ceil(wait * 1000)
"""
# KEYS: block. ARGV: until when, in seconds since 1970, and for how many seconds to keep it.
_BLOCK = """
if (tonumber(redis.call('GET', KEYS[1])) or 0) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much at once, then so much a second: never more than `burst + rate * seconds`."""

    burst: float
    rate: float

    @classmethod
    def within(cls, most: int, seconds: float) -> Self:
        """At most so much in any so many seconds: a quarter at once, the rest as it comes."""
        return cls(most / 4, most * 3 / 4 / seconds)


POINTS = Allowance.within(900, MINUTE)
GRAPHQL = Allowance.within(2000, MINUTE)
WRITES = Allowance(5, 1.0)
CONTENT = Allowance.within(80, MINUTE)
CONTENT_HOUR = Allowance.within(500, HOUR)


@dataclass(frozen=True, slots=True)
class Allowances:
    """What one installation may use up. The defaults are GitHub's limits."""

    points: Allowance = POINTS
    graphql: Allowance = GRAPHQL
    writes: Allowance = WRITES
    content: Allowance = CONTENT
    content_hour: Allowance = CONTENT_HOUR

    def needed(self, cost: Cost) -> dict[str, tuple[Allowance, int]]:
        """By its name each allowance that a request uses up, and how much of it."""
        every = {
            "points": (self.points, cost.points),
            "graphql": (self.graphql, cost.graphql),
            "writes": (self.writes, cost.writes),
            "content": (self.content, cost.content),
            "content-hour": (self.content_hour, cost.content),
        }
        return {name: (allowance, amount) for name, (allowance, amount) in every.items() if amount}


@dataclass(slots=True)
class Bucket:
    """What is left of one allowance in this process alone."""

    tokens: float
    at: float


@dataclass(slots=True)
class Local:
    """The allowances of one installation in this process alone, for when Valkey is away."""

    buckets: dict[str, Bucket] = field(default_factory=dict[str, Bucket])
    blocked: dict[str, float] = field(default_factory=dict[str, float])

    def take(
        self,
        blocks: Sequence[str],
        needed: Mapping[str, tuple[Allowance, int]],
        patience: float,
    ) -> float:
        """Seconds to wait, negative when more than `patience` and nothing was taken."""
        now = time.time()
        wait = max(0.0, *(self.blocked.get(name, 0.0) - now for name in blocks))
        left: dict[str, float] = {}
        for name, (allowance, amount) in needed.items():
            bucket = self.buckets.get(name, Bucket(allowance.burst, now))
            grown = bucket.tokens + max(0.0, now - bucket.at) * allowance.rate
            left[name] = min(allowance.burst, grown) - amount
            wait = max(wait, -left[name] / allowance.rate)
        if wait > patience:
            return -wait
        self.buckets |= {name: Bucket(tokens, now) for name, tokens in left.items()}
        return wait


@dataclass(slots=True)
class Pacer:
    """Gives out turns, by installation; 0 stands for the App itself.

    Without Redis, or while it is away, each process keeps its own allowances.
    """

    redis: Redis | None = None
    allowances: Allowances = field(default_factory=Allowances)
    patience: float = PATIENCE
    _local: dict[int, Local] = field(default_factory=dict[int, Local])

    async def take(self, installation_id: int, cost: Cost) -> None:
        """Wait for a turn; raises `RateLimitedError` when that would take longer than `patience`."""
        needed = self.allowances.needed(cost)
        wait = await self._take(installation_id, cost.blocks, needed, self.patience)
        if wait < 0:
            raise _too_long(-wait)
        if wait:
            await asyncio.sleep(wait)

    async def ready(self, installation_id: int) -> None:
        """Raise `RateLimitedError` when so many writes wait that a job should not even begin."""
        needed = {"writes": (self.allowances.writes, 0)}
        patience = min(READY, self.patience)
        wait = await self._take(installation_id, ("all", "content"), needed, patience)
        if wait < 0:
            raise _too_long(-wait)

    async def limited(self, installation_id: int, error: RateLimitedError) -> None:
        """Let everybody wait for the end of a limit that GitHub named, if only with what writes."""
        what, until = "content" if error.content else "all", error.retry_at
        here = self._here(installation_id).blocked
        here[what] = max(here.get(what, 0.0), until.timestamp())
        seconds = max(1, int((until - datetime.now(UTC)).total_seconds()) + 1)
        if self.redis is not None:
            key = _key(installation_id, f"blocked:{what}")
            try:
                await self._eval(_BLOCK, (key,), until.timestamp(), seconds)
            except (RedisError, OSError):
                return

    async def _take(
        self,
        installation_id: int,
        blocks: Sequence[str],
        needed: Mapping[str, tuple[Allowance, int]],
        patience: float,
    ) -> float:
        if self.redis is None:
            return self._here(installation_id).take(blocks, needed, patience)
        names = (*(f"blocked:{name}" for name in blocks), *needed)
        keys = tuple(_key(installation_id, name) for name in names)
        wanted = (n for one, amount in needed.values() for n in (one.burst, one.rate, amount))
        try:
            answer = await self._eval(_TAKE, keys, patience, len(blocks), *wanted)
        except (RedisError, OSError):
            return self._here(installation_id).take(blocks, needed, patience)
        return int(answer) / 1000

    async def _eval(self, script: str, keys: Sequence[str], *arguments: float) -> Any:
        texts = [str(argument) for argument in arguments]
        return await cast("Any", self.redis).eval(script, len(keys), *keys, *texts)

    def _here(self, installation_id: int) -> Local:
        return self._local.setdefault(installation_id, Local())


def _too_long(seconds: float) -> RateLimitedError:
    retry_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return RateLimitedError("The requests of this installation wait.", retry_at=retry_at)


def _key(installation_id: int, name: str) -> str:
    """The braces keep what belongs together on one node of a cluster."""
    return f"backend-expert:{{{installation_id}}}:{name}"
