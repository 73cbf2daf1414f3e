"""How fast we write: one allowance per installation, shared by every worker through Valkey."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import RedisError

from app.github.errors import RateLimitedError

if TYPE_CHECKING:
    from redis.asyncio import Redis

PATIENCE = 10.0
"""Seconds that a write waits for its turn; beyond it the whole job is better deferred."""

# KEYS: bucket, block. ARGV: burst, rate per second, patience in seconds.
# Returns the wait in milliseconds, negative (its size is the wait) when it exceeds the patience
# and nothing was taken. Tokens may go below zero: that is a place in the queue.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local burst, rate, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local blocked = (tonumber(redis.call('GET', KEYS[2])) or 0) - now
local wait = math.max(0, (1 - tokens) / rate, blocked)
if wait > patience then return -math.ceil(wait * 1000) end
redis.call('HSET', KEYS[1], 'tokens', tokens - 1, 'at', now)
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 60)
return math.ceil(wait * 1000)
"""
# KEYS: block. ARGV: until when, in seconds since 1970, and for how many seconds to keep it.
_BLOCK = """
if (tonumber(redis.call('GET', KEYS[1])) or 0) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


@dataclass(slots=True)
class Bucket:
    """The allowance of one installation in this process alone."""

    tokens: float
    at: float
    blocked_until: float = 0.0

    def take(self, burst: int, rate: float, patience: float) -> float:
        """Seconds to wait, negative when more than `patience` and nothing was taken."""
        now = time.time()
        tokens = min(float(burst), self.tokens + max(0.0, now - self.at) * rate)
        wait = max(0.0, (1 - tokens) / rate, self.blocked_until - now)
        if wait > patience:
            return -wait
        self.tokens, self.at = tokens - 1, now
        return wait


@dataclass(slots=True)
class Pacer:
    """Gives out turns to write: `burst` at once, then `rate` a second.

    Without Redis, or while it is away, each process keeps its own allowance.
    """

    redis: Redis | None = None
    burst: int = 5
    rate: float = 1.0
    patience: float = PATIENCE
    _local: dict[int, Bucket] = field(default_factory=dict[int, Bucket])

    async def take(self, installation_id: int) -> None:
        """Wait for a turn; raises `RateLimitedError` when that would take longer than `patience`."""
        wait = await self._take(installation_id)
        if wait < 0:
            retry_at = datetime.now(UTC) + timedelta(seconds=-wait)
            raise RateLimitedError("Writes of this installation wait.", retry_at=retry_at)
        if wait:
            await asyncio.sleep(wait)

    async def block(self, installation_id: int, until: datetime) -> None:
        """Let nobody write for this installation until then; GitHub said so."""
        bucket = self._bucket(installation_id)
        bucket.blocked_until = max(bucket.blocked_until, until.timestamp())
        seconds = max(1, int((until - datetime.now(UTC)).total_seconds()) + 1)
        if self.redis is not None:
            try:
                await self._eval(_BLOCK, (_block(installation_id),), until.timestamp(), seconds)
            except (RedisError, OSError):
                return

    async def _take(self, installation_id: int) -> float:
        if self.redis is not None:
            keys = (_name(installation_id), _block(installation_id))
            try:
                answer = await self._eval(_TAKE, keys, self.burst, self.rate, self.patience)
            except (RedisError, OSError):
                return self._take_here(installation_id)
            return int(answer) / 1000
        return self._take_here(installation_id)

    async def _eval(self, script: str, keys: tuple[str, ...], *arguments: float) -> Any:
        texts = [str(argument) for argument in arguments]
        return await cast("Any", self.redis).eval(script, len(keys), *keys, *texts)

    def _take_here(self, installation_id: int) -> float:
        return self._bucket(installation_id).take(self.burst, self.rate, self.patience)

    def _bucket(self, installation_id: int) -> Bucket:
        return self._local.setdefault(installation_id, Bucket(self.burst, time.time()))


def _name(installation_id: int) -> str:
    return f"backend-expert:writes:{installation_id}"


def _block(installation_id: int) -> str:
    return f"backend-expert:blocked:{installation_id}"
