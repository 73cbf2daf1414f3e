"""Clients and engines that hold a pool of connections, to be built once and closed at the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PooledClient:
    """What one constructor builds: its noun for messages, and how it is closed.

    `must_close` tells whether leaving it to the collector leaks sockets or prints warnings.
    """

    noun: str
    close: str
    must_close: bool = False


_HTTP_ASYNC = PooledClient("HTTP client", "await client.aclose()", must_close=True)
_HTTP = PooledClient("HTTP client", "client.close()", must_close=True)
_SESSION = PooledClient("HTTP session", "session.close()", must_close=True)
_ENGINE = PooledClient("database engine", "engine.dispose()")
_POOL = PooledClient("connection pool", "await pool.close()", must_close=True)
_SDK = PooledClient("API client", "client.close()")
_CACHE = PooledClient("Redis client", "client.close()")

POOLED_CLIENTS: dict[str, PooledClient] = {
    "httpx.AsyncClient": _HTTP_ASYNC,
    "httpx.Client": _HTTP,
    "aiohttp.ClientSession": PooledClient("HTTP session", "await session.close()", must_close=True),
    "requests.Session": _SESSION,
    "curl_cffi.requests.AsyncSession": PooledClient(
        "HTTP session", "await session.close()", must_close=True
    ),
    "curl_cffi.requests.Session": _SESSION,
    "urllib3.PoolManager": PooledClient("HTTP pool", "pool.clear()"),
    "sqlalchemy.create_engine": _ENGINE,
    "sqlalchemy.ext.asyncio.create_async_engine": PooledClient(
        "database engine", "await engine.dispose()"
    ),
    "asyncpg.create_pool": _POOL,
    "aiomysql.create_pool": _POOL,
    "psycopg_pool.ConnectionPool": _POOL,
    "psycopg_pool.AsyncConnectionPool": _POOL,
    "redis.Redis": _CACHE,
    "redis.from_url": _CACHE,
    "redis.Redis.from_url": _CACHE,
    "redis.asyncio.Redis": _CACHE,
    "redis.asyncio.from_url": _CACHE,
    "redis.asyncio.Redis.from_url": _CACHE,
    "pymongo.MongoClient": PooledClient("MongoDB client", "client.close()"),
    "pymongo.AsyncMongoClient": PooledClient("MongoDB client", "await client.close()"),
    "motor.motor_asyncio.AsyncIOMotorClient": PooledClient("MongoDB client", "client.close()"),
    "elasticsearch.Elasticsearch": _SDK,
    "elasticsearch.AsyncElasticsearch": _SDK,
    "openai.OpenAI": _SDK,
    "openai.AsyncOpenAI": _SDK,
    "openai.AzureOpenAI": _SDK,
    "openai.AsyncAzureOpenAI": _SDK,
    "anthropic.Anthropic": _SDK,
    "anthropic.AsyncAnthropic": _SDK,
    "boto3.client": _SDK,
    "boto3.resource": _SDK,
    "newsapi.NewsApiClient": _SDK,
    "py_clob_client.ClobClient": _SDK,
    "py_clob_client_v2.ClobClient": _SDK,
    "qdrant_client.QdrantClient": _SDK,
    "qdrant_client.AsyncQdrantClient": _SDK,
}
"""Qualified name of a constructor (or factory) to what it builds."""

LAST_NAMES = frozenset(name.rsplit(".", 1)[-1] for name in POOLED_CLIENTS)
"""For a first look before names are resolved."""
