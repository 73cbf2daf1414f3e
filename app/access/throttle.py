"""How often one address may try to sign in, whichever web process it meets."""

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from redis.exceptions import RedisError

from app.queue import PATIENCE, Queue

# KEYS: the count of an address. ARGV: seconds after which it is forgotten. Returns the count.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""

log = structlog.get_logger()


@dataclass(slots=True)
class LocalCount:
    """Calls by address in the memory of this process, for when Valkey is away.

    Addresses are forgotten when their time is over, and at most `most` are remembered: who
    comes from more of them at once meets the limit of all together.
    """

    most: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])

    def add(self, address: str, seconds: int) -> int | None:
        """Count a call; gives how many there were in this time, None when that cannot be kept."""
        now = self.clock()
        if len(self._seen) >= self.most and address not in self._seen:
            self._seen = {key: one for key, one in self._seen.items() if one[0] > now}
            if len(self._seen) >= self.most:
                return None
        until, count = self._seen.get(address, (now, 0))
        if until <= now:
            until, count = now + seconds, 0
        self._seen[address] = (until, count + 1)
        return count + 1


@dataclass(slots=True)
class Throttle:
    """So many calls of one address in so many seconds, in all web processes together."""

    queue: Queue
    calls: int
    seconds: int
    _local: LocalCount = field(default_factory=LocalCount)

    async def allows(self, address: str) -> bool:
        """Count a call, and say whether it may go on."""
        who = household(address)
        try:
            async with asyncio.timeout(PATIENCE):
                count = await self._count(f"backend-expert:sign-in:{who}")
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("sign-ins are counted by this process alone", error=repr(error))
            count = self._local.add(who, self.seconds)
        return count is not None and count <= self.calls

    async def _count(self, key: str) -> int:
        return int(await cast("Any", self.queue).eval(_COUNT, 1, key, str(self.seconds)))


def household(address: str) -> str:
    """What one person gets from a provider: an IPv4 address, or the /64 that an IPv6 one is in."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
