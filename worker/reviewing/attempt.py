"""One attempt to review one generation of a pull request: what it holds, and whether it may go on."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from app.db import pull_requests
from worker.publishing.standing import Target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.db.findings import Frame
    from app.github.repository import Repository
    from app.models import PullRequest
    from worker.work import Work

log = structlog.get_logger(__name__)


class StandDownError(Exception):
    """Something newer is wanted of this pull request, or nothing any more."""


@dataclass(slots=True)
class Attempt:
    """What is known of a claimed pull request while it is reviewed.

    `check_run_id` is the check in progress on `head_sha`, None before it was made and where
    checks are not permitted. `review_id` is the row of this review, None before there is one.
    `well` says how it ended once the lease was given back for good. `present` has the paths of
    the head, once it was analysed.
    """

    work: Work
    row: PullRequest
    owner: str
    repository: Repository
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    head_sha: str = ""
    review_id: int | None = None
    check_run_id: int | None = None
    well: bool | None = None
    present: frozenset[str] = frozenset()
    frames: dict[str, Frame] = field(default_factory=dict[str, "Frame"])
    timings: dict[str, float] = field(default_factory=dict[str, float])

    @asynccontextmanager
    async def stage(self, name: str) -> AsyncGenerator[None]:
        """Measure a stage, after making sure that it is still wanted."""
        await self.ensure_current()
        started = time.perf_counter()
        with self.work.metrics.stage(name):
            yield
        self.timings[name] = round(time.perf_counter() - started, 4)
        log.debug("stage done", stage=name, seconds=self.timings[name], **self.names)

    async def ensure_current(self) -> None:
        """Raise `StandDownError` when this generation is not the wanted one any more."""
        async with self.work.database.read() as session:
            current = await pull_requests.is_current(
                session, self.row.id, self.owner, self.row.generation
            )
        if not current:
            raise StandDownError

    @property
    def target(self) -> Target:
        """Where this review is published."""
        return self.target_of(self.head_sha, self.row.generation)

    def target_of(self, head_sha: str, generation: int) -> Target:
        """Where another review of the same pull request was published."""
        return Target(
            repository=self.repository,
            repository_id=self.row.repository_id,
            number=self.row.number,
            head_sha=head_sha,
            generation=generation,
        )

    @property
    def names(self) -> dict[str, str | int]:
        """What a line of the log is about."""
        return {
            "repository": f"{self.repository.owner}/{self.repository.name}",
            "number": self.row.number,
            "generation": self.row.generation,
        }
