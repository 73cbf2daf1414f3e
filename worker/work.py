"""What every job of a worker process shares."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from app.queue import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from app.config import Settings
    from app.db.engine import Database
    from app.github.app import GitHubApp
    from app.github.repository import Repository
    from app.models import Repository as RepositoryRow
    from app.queue import Queue
    from rules.core.configuration.layers import Layer
    from rules.core.findings import Review
    from worker.analysis.job import Job
    from worker.git.mirrors import Mirrors
    from worker.metrics import Metrics
    from worker.publishing.publisher import Publisher
    from worker.reviewing.organisation import Organisations

    type Analyse = Callable[[Job], Awaitable[Review]]

log = structlog.get_logger(__name__)

LONGEST_DELAY = 600.0
"""Seconds between two attempts at most."""
DRAIN_SECONDS = 30.0
"""After this long a job hands on to the next: arq ends a job that never does."""


@dataclass(slots=True)
class Drain:
    """Lets `width` jobs empty one source of work, and loses no call that comes meanwhile.

    A job that finds all places taken may leave: whoever has one looks once more.
    """

    width: int
    busy: int = 0
    called: bool = False

    def enter(self) -> bool:
        """Take a place; False when there is none, and then somebody else has heard the call."""
        self.called = True
        if self.busy >= self.width:
            return False
        self.busy += 1
        return True

    def listen(self) -> None:
        """Say, before looking for work, that every call so far is answered by this look."""
        self.called = False

    def leave(self) -> None:
        """Give the place back."""
        self.busy -= 1


@dataclass(frozen=True, slots=True)
class Work:
    """The parts that jobs are made of; one for each worker process."""

    settings: Settings
    database: Database
    github: GitHubApp
    queue: Queue
    publisher: Publisher
    mirrors: Mirrors
    analyse: Analyse
    metrics: Metrics
    deliveries: Drain
    reviews: Drain
    policy: Layer
    organisations: Organisations

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts without a heartbeat."""
        return timedelta(seconds=self.settings.lease_seconds)

    @property
    def quiet(self) -> timedelta:
        """How long after the start of a review a further push waits."""
        return timedelta(seconds=self.settings.debounce_seconds)

    def repository(self, row: RepositoryRow) -> Repository:
        """The repository on GitHub."""
        return self.github.repository(row.installation_id, row.owner, row.name)

    async def drain(self, source: Drain, step: Callable[[], Awaitable[bool]]) -> bool:
        """Take `step` until it finds nothing; False when there may be more to do.

        Does nothing when enough others do it already.
        """
        if not source.enter():
            return True
        until = time.monotonic() + DRAIN_SECONDS
        try:
            while time.monotonic() < until:
                source.listen()
                if not await step() and not source.called:
                    return True
        finally:
            source.leave()
        return False

    async def wake_reviews(self, due_at: datetime | None) -> None:
        """Have a worker look for due pull requests then; the sweep finds what this loses."""
        if due_at is None:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self.queue.enqueue_job("review_pull_requests", _defer_until=due_at)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("workers were not woken up", error=repr(error))


def later(attempts: int) -> datetime:
    """When to try again after this many attempts: from a second to ten minutes, not in step."""
    seconds = min(2 ** min(attempts - 1, 10), LONGEST_DELAY)
    return datetime.now(UTC) + timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311


def new_owner() -> str:
    """A name for one claim; no two are the same."""
    return uuid.uuid4().hex


@asynccontextmanager
async def together() -> AsyncGenerator[asyncio.TaskGroup]:
    """A task group that raises its first failure as itself, instead of a group of one."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
