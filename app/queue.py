"""Waking workers up. A job carries nothing that SQL does not have, so any may be lost."""

import asyncio
import json
from typing import Any, Literal, override
from urllib.parse import unquote

import structlog
from arq.connections import ArqRedis, RedisSettings
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.exceptions import RedisError

from app.config import Settings

type JobName = Literal["take_deliveries", "review_pull_requests"]

Queue = ArqRedis
"""The connection to Redis or Valkey; it connects at its first use and again when it was lost."""

SENTINEL_PORT = 26379
PATIENCE = 1.0
"""Seconds that a wake-up may take before it is given up; the sweep finds the work then."""

log = structlog.get_logger()


def connect(settings: Settings) -> Queue:
    """A queue that has not connected yet; nobody needs to be there. Close it with `aclose`."""
    if "+sentinel://" in settings.redis_url:
        return _by_sentinels(settings.redis_url)
    target = RedisSettings.from_dsn(settings.redis_url)
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


def _by_sentinels(url: str) -> Queue:
    """Ask sentinels who the master is: `redis+sentinel://[USER:PASSWORD@]HOST:PORT,.../MASTER`."""
    scheme, _, rest = url.partition("://")
    authority, _, master = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    secured: dict[str, Any] = {
        "username": unquote(user) or None,
        "password": unquote(password) or None,
        "ssl": scheme.startswith("rediss"),
        "socket_connect_timeout": PATIENCE,
    }
    places = [(host, int(port or SENTINEL_PORT)) for host, port in map(_place, hosts.split(","))]
    sentinel = Sentinel(places, sentinel_kwargs=secured, **secured)
    return _SentinelQueue(master or "mymaster", sentinel, secured)


class _SentinelQueue(ArqRedis):
    """A queue that closes the connections to its sentinels too."""

    def __init__(self, master: str, sentinel: Sentinel, secured: dict[str, Any]) -> None:
        pool = SentinelConnectionPool(master, sentinel, **secured)
        super().__init__(connection_pool=pool, job_serializer=dump_job, job_deserializer=load_job)
        self.auto_close_connection_pool = True
        self._sentinel = sentinel

    @override
    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        for one in self._sentinel.sentinels:
            await one.aclose()


def _place(text: str) -> tuple[str, str]:
    host, _, port = text.partition(":")
    return host, port


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
