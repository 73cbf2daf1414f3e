"""How often one address may try to sign in."""

import time
from collections.abc import Callable


class Throttle:
    """So many calls of one address in so many seconds, in the memory of this process.

    Addresses are forgotten when their time is over, and at most `most` are remembered: who
    comes from more of them at once meets the limit of all together.
    """

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def allows(self, address: str) -> bool:
        """Count a call, and say whether it may go on."""
        now = self._clock()
        if len(self._seen) >= self._most and address not in self._seen:
            self._seen = {key: one for key, one in self._seen.items() if one[0] > now}
            if len(self._seen) >= self._most:
                return False
        until, count = self._seen.get(address, (now + self._seconds, 0))
        if until <= now:
            until, count = now + self._seconds, 0
        self._seen[address] = (until, count + 1)
        return count < self._calls
