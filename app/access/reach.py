"""What each person can read on GitHub, asked at most once a minute for each session."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.access.sessions import Session

KEPT = 60.0
"""Seconds for which an answer about a person is believed."""


class Asks(Protocol):
    """Asks GitHub with a person's token."""

    async def repositories(self, token: str) -> frozenset[int]:
        """What `UserFlow.repositories` gives."""
        ...


class Reaches:
    """Answers by session. A failure is never kept, and never taken for a yes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[str, tuple[float, frozenset[int]]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def of(self, session: Session, github: Asks) -> frozenset[int]:
        """The repositories of a person by GitHub's ids; raises `GitHubError`."""
        async with self._asking.setdefault(session.key, asyncio.Lock()):
            kept = self._answers.get(session.key)
            if kept is not None and kept[0] > self._clock():
                return kept[1]
            self._forget_old()
            found = await github.repositories(session.token)
            self._answers[session.key] = (self._clock() + KEPT, found)
            return found

    def forget(self, key: str) -> None:
        """Forget a session that ended."""
        self._answers.pop(key, None)

    def _forget_old(self) -> None:
        now = self._clock()
        self._answers = {key: one for key, one in self._answers.items() if one[0] > now}
        idle = [key for key, lock in self._asking.items() if not lock.locked()]
        for key in idle:
            if key not in self._answers:
                del self._asking[key]
