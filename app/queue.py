"""Waking workers up. A job carries nothing that SQL does not have, so any may be lost."""

import asyncio
import json
from typing import Any, Literal, override
from urllib.parse import parse_qs, urlsplit

import structlog
from arq.connections import ArqRedis
from redis.asyncio.connection import ConnectionPool, parse_url
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
    """A queue that has not connected yet; nobody needs to be there. Close it with `aclose`.

    What stands behind a `?` in the address is redis-py's: `ssl_ca_certs`, `ssl_certfile` and so on.
    """
    if "+sentinel://" in settings.redis_url:
        return _by_sentinels(settings.redis_url)
    pool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] typed loosely
        settings.redis_url, **_options(settings.redis_url)
    )
    return _owning(ArqRedis(connection_pool=pool, **_SERIALIZERS))


def _options(url: str) -> dict[str, Any]:
    """How to connect. redis-py takes any certificate for any host unless it is told otherwise."""
    options: dict[str, Any] = {"socket_connect_timeout": PATIENCE}
    if url.startswith("rediss"):
        said = parse_qs(urlsplit(url).query)
        options["ssl_check_hostname"] = "none" not in said.get("ssl_cert_reqs", ())
    return options


def _by_sentinels(url: str) -> Queue:
    """Ask sentinels who the master is: `redis+sentinel://[USER:PASSWORD@]HOST:PORT,.../MASTER`."""
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    master, _, query = path.partition("?")
    credentials, at, hosts = authority.rpartition("@")
    kind = scheme.partition("+")[0]
    said: dict[str, Any] = {**parse_url(f"{kind}://{credentials}{at}sentinel?{query}")}
    for name in ("host", "connection_class"):
        said.pop(name, None)
    secured = _options(url) | said | {"ssl": kind == "rediss"}
    places = [(host, int(port or SENTINEL_PORT)) for host, port in map(_place, hosts.split(","))]
    of_sentinels = {name: value for name, value in secured.items() if name != "db"}
    sentinel = Sentinel(places, sentinel_kwargs=of_sentinels, **secured)
    return _SentinelQueue(master or "mymaster", sentinel, secured)


def _owning(queue: Queue) -> Queue:
    """Let the queue close its pool, which redis-py does only with one that it made itself."""
    queue.auto_close_connection_pool = True
    return queue


class _SentinelQueue(ArqRedis):
    """A queue that closes the connections to its sentinels too."""

    def __init__(self, master: str, sentinel: Sentinel, secured: dict[str, Any]) -> None:
        pool = SentinelConnectionPool(master, sentinel, **secured)
        super().__init__(connection_pool=pool, **_SERIALIZERS)
        _owning(self)
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
    return not await trouble(queue)


async def trouble(queue: Queue) -> str:
    """Why Redis does not answer, "" when it does."""
    try:
        async with asyncio.timeout(PATIENCE):
            await queue.ping()  # pyright: ignore[reportUnknownMemberType] redis types it loosely
    except TimeoutError:
        return "no answer in time"
    except (RedisError, OSError) as error:
        return str(error)
    return ""


def dump_job(job: dict[str, Any]) -> bytes:
    """A job or its result as JSON; arq's own choice is pickle, which runs what it reads."""
    return json.dumps(job, default=repr).encode()


def load_job(data: bytes) -> dict[str, Any]:
    """What `dump_job` wrote."""
    return json.loads(data)


_SERIALIZERS: dict[str, Any] = {"job_serializer": dump_job, "job_deserializer": load_job}
