"""The worker process: arq wakes it up, SQL says what there is to do."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog
from arq.cron import cron
from arq.worker import Worker, func
from redis.exceptions import RedisError

from app.db import schema
from app.db.engine import Database
from app.github.app import GitHubApp
from app.github.pacing import HOUR, MINUTE, Allowance, Allowances, Pacer
from app.logs import configure_logging
from app.queue import connect, dump_job, load_job
from worker.analysis.sandbox import Sandbox
from worker.git.mirrors import Mirrors
from worker.jobs import forget, poll_votes, reconcile, review_pull_requests, sweep, take_deliveries
from worker.metrics import Metrics, shown
from worker.publishing.publisher import Publisher
from worker.reviewing.organisation import Organisations
from worker.work import DRAIN_SECONDS, Drain, Work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from arq.cron import CronJob

    from app.config import Settings
    from worker.work import Analyse

log = structlog.get_logger(__name__)

DELIVERIES_AT_ONCE = 2
"""Jobs of one process that take deliveries; each is short, and SQLite has one writer anyway."""
POLL_SECONDS = 0.1
VOTES_AT_MINUTE = 37
FORGET_AT_MINUTE = 17
"""Every hour at a minute when little else begins."""
MARGIN_SECONDS = 60.0
"""A job may take longer than a review by this much, to say how that ended."""


class RedisLostError(Exception):
    """Redis went away; whoever started this process starts it again."""


def run_worker(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; what is under way is given back so that it resumes at once.

    Raises `SystemExit` when Redis is lost: the supervisor starts the worker again.
    """
    configure_logging(settings)
    try:
        asyncio.run(work_until_told(settings))
    except RedisLostError as error:
        log.error("redis lost", error=str(error.__cause__))  # noqa: TRY400 the cause says it all
        raise SystemExit(1) from error


async def work_until_told(settings: Settings) -> None:
    """Run the worker in this event loop until a signal comes; raises `RedisLostError`."""
    loop = asyncio.get_running_loop()
    me = asyncio.current_task()
    assert me is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, me.cancel)
    with suppress(asyncio.CancelledError):
        await schema.upgrade(settings)
        async with opened(settings) as work:
            await run(work)


@asynccontextmanager
async def opened(settings: Settings, analyse: Analyse | None = None) -> AsyncGenerator[Work]:
    """Everything that jobs need, closed at the end; `analyse` stands in for the sandbox."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.close)
        queue = connect(settings)
        stack.push_async_callback(queue.aclose)
        key = settings.github_private_key.get_secret_value()
        metrics = Metrics()
        github = GitHubApp(
            settings.github_app_id,
            key,
            api_url=settings.github_api_url,
            pacer=Pacer(queue, allowances(settings)),
            observe=metrics.answered,
        )
        stack.push_async_callback(github.close)
        if analyse is None:
            analyse = (await stack.enter_async_context(Sandbox(metrics.died))).analyse
        await stack.enter_async_context(
            shown(metrics, settings.worker_metrics_host, settings.worker_metrics_port)
        )
        yield Work(
            settings=settings,
            database=database,
            github=github,
            queue=queue,
            publisher=Publisher(settings.marker_key, settings.public_url, settings.github_url),
            mirrors=Mirrors(settings.data_dir / "mirrors", settings.mirrors_max_bytes),
            analyse=analyse,
            metrics=metrics,
            deliveries=Drain(DELIVERIES_AT_ONCE),
            reviews=Drain(settings.worker_concurrency),
            policy=settings.policy,
            organisations=Organisations(),
        )


def allowances(settings: Settings) -> Allowances:
    """How fast each installation may be used."""
    return Allowances(
        points=Allowance.within(settings.points_per_minute, MINUTE),
        writes=Allowance(settings.write_burst, settings.writes_per_second),
        content=Allowance.within(settings.content_per_minute, MINUTE),
        content_hour=Allowance.within(settings.content_per_hour, HOUR),
    )


async def run(work: Work) -> None:
    """Let arq call the jobs until this task is cancelled; raises `RedisLostError`."""
    worker = arq_worker(work)
    try:
        await worker.async_run()
    except (RedisError, OSError) as error:
        raise RedisLostError from error
    finally:
        await _stop(worker)


def arq_worker(work: Work) -> Worker:
    """The worker of arq with our jobs; its own signal handlers and results are not wanted."""
    settings = work.settings
    return Worker(
        functions=[func(take_deliveries), func(review_pull_requests)],
        cron_jobs=_cron_jobs(settings),
        redis_pool=work.queue,
        handle_signals=False,
        max_jobs=1000,  # Most only find that others are at it already, and leave.
        job_timeout=_job_seconds(settings),
        keep_result=0,
        poll_delay=POLL_SECONDS,
        job_serializer=dump_job,
        job_deserializer=load_job,
        ctx={"work": work},
        log_results=False,
    )


def _cron_jobs(settings: Settings) -> list[CronJob]:
    jobs = [cron(sweep, second=_seconds(settings.sweep_seconds), run_at_startup=True)]
    jobs.append(cron(forget, minute=FORGET_AT_MINUTE, run_at_startup=True))
    if settings.reconcile_minutes:
        minutes = set(range(0, 60, settings.reconcile_minutes))
        jobs.append(cron(reconcile, minute=minutes, run_at_startup=True))
        jobs.append(cron(poll_votes, minute=VOTES_AT_MINUTE))
    return jobs


async def _stop(worker: Worker) -> None:
    """Cancel each job once, and wait until it has given its lease back and arq has noted it."""
    worker.allow_pick_jobs = False
    told: set[asyncio.Task[object]] = set()
    while running := [task for task in worker.tasks.values() if not task.done()]:
        for job in set(worker.job_tasks.values()) - told:
            job.cancel()
            told.add(job)
        await asyncio.wait(running, timeout=POLL_SECONDS)
    await asyncio.gather(*worker.tasks.values(), return_exceptions=True)


def _seconds(every: float) -> set[int]:
    """The seconds of each minute at which arq's cron fires."""
    return set(range(0, 60, max(1, min(60, round(every)))))


def _job_seconds(settings: Settings) -> float:
    return settings.review_timeout_seconds + DRAIN_SECONDS + MARGIN_SECONDS
