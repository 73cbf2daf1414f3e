"""Waking workers up. A job carries nothing that SQL does not have, so any may be lost."""

import asyncio
import json
from typing import Any, Literal

import structlog
from arq.connections import ArqRedis, RedisSettings
from redis.exceptions import RedisError

from app.config import Settings

type JobName = Literal["take_deliveries", "review_pull_requests"]

Queue = ArqRedis
"""The connection to Redis or Valkey; it connects at its first use and again when it was lost."""

PATIENCE = 1.0
"""Seconds that a wake-up may take before it is given up; the sweep finds the work then."""

log = structlog.get_logger()


def redis_settings(settings: Settings) -> RedisSettings:
    """Where Redis is, in the form in which arq's worker wants it."""
    return RedisSettings.from_dsn(settings.redis_url)


def connect(settings: Settings) -> Queue:
    """A queue that has not connected yet; nobody needs to be there. Close it with `aclose`."""
    target = redis_settings(settings)
    return ArqRedis(
        host=target.host,
        port=target.port,
        unix_socket_path=target.unix_socket_path,
        db=target.database,
        username=target.username,
        password=target.password,
        ssl=target.ssl,
        socket_connect_timeout=PATIENCE,
        job_serializer=dump_job,
        job_deserializer=load_job,
    )


async def wake(queue: Queue, job: JobName, *arguments: str | int) -> bool:
    """Tell a worker that there is work; False when that could not be told in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            await queue.enqueue_job(job, *arguments)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("workers were not woken up", job=job, error=repr(error))
        return False
    return True


async def is_there(queue: Queue) -> bool:
    """Whether Redis answers in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            await queue.ping()  # pyright: ignore[reportUnknownMemberType] redis types it loosely
    except (RedisError, OSError, TimeoutError):
        return False
    return True


def dump_job(job: dict[str, Any]) -> bytes:
    """A job or its result as JSON; arq's own choice is pickle, which runs what it reads."""
    return json.dumps(job, default=repr).encode()


def load_job(data: bytes) -> dict[str, Any]:
    """What `dump_job` wrote."""
    return json.loads(data)
