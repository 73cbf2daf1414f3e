"""Known calls that give a coroutine: without `await`, nothing of what they promise happens."""

from __future__ import annotations

FUNCTIONS = frozenset({
    "asyncio.sleep", "asyncio.wait_for", "asyncio.wait", "asyncio.to_thread",
    "asyncio.open_connection", "asyncio.start_server", "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "anyio.sleep", "anyio.to_thread.run_sync", "anyio.open_file", "anyio.connect_tcp",
    "anyio.run_process", "anyio.lowlevel.checkpoint",
    "fastapi.concurrency.run_in_threadpool", "asgiref.sync.sync_to_async()",
    "litellm.acompletion", "litellm.aembedding", "asyncpg.create_pool",
    "psycopg.AsyncConnection.connect",
})  # fmt: skip
"""Functions of modules."""

METHODS: dict[str, frozenset[str]] = {
    owner: frozenset(names.split())
    for owner, names in {
        "asyncio.Queue": "get put join",
        "asyncio.PriorityQueue": "get put join",
        "asyncio.LifoQueue": "get put join",
        "asyncio.Event": "wait",
        "asyncio.Condition": "wait wait_for acquire",
        "asyncio.Lock": "acquire",
        "asyncio.Semaphore": "acquire",
        "asyncio.BoundedSemaphore": "acquire",
        "asyncio.Barrier": "wait",
        "asyncio.subprocess.Process": "wait communicate",
        "asyncio.StreamReader": "read readline readexactly readuntil",
        "asyncio.StreamWriter": "drain wait_closed",
        "asyncio.AbstractEventLoop": "shutdown_asyncgens shutdown_default_executor sock_recv"
        " sock_sendall sock_connect getaddrinfo create_connection create_server",
        "aiosqlite.Connection": "commit rollback close execute executemany executescript"
        " execute_insert execute_fetchall cursor create_function backup enable_load_extension",
        "aiosqlite.Cursor": "execute executemany executescript fetchone fetchmany fetchall close",
        "sqlalchemy.ext.asyncio.AsyncSession": "commit rollback close flush execute scalar scalars"
        " get get_one refresh delete merge stream stream_scalars run_sync exec invalidate reset",
        "sqlalchemy.ext.asyncio.AsyncConnection": "commit rollback close execute scalar scalars"
        " stream run_sync exec_driver_sql",
        "sqlalchemy.ext.asyncio.AsyncEngine": "dispose",
        "asyncpg.Connection": "execute executemany fetch fetchrow fetchval close prepare"
        " add_listener remove_listener copy_records_to_table",
        "asyncpg.Pool": "execute executemany fetch fetchrow fetchval close release",
        "psycopg.AsyncConnection": "commit rollback close execute",
        "psycopg.AsyncCursor": "execute executemany fetchone fetchmany fetchall close",
        "neo4j.AsyncDriver": "close verify_connectivity execute_query get_server_info",
        "neo4j.AsyncSession": "run close execute_read execute_write begin_transaction",
        "aiocache.Cache": "get set add delete exists clear close multi_get multi_set increment",
        "motor.motor_asyncio.AsyncIOMotorCollection": "find_one insert_one insert_many update_one"
        " update_many delete_one delete_many count_documents replace_one",
        "pymongo.asynchronous.collection.AsyncCollection": "find_one insert_one insert_many"
        " update_one update_many delete_one delete_many count_documents replace_one bulk_write"
        " estimated_document_count find_one_and_update find_one_and_replace find_one_and_delete"
        " create_index create_indexes distinct drop aggregate",
        "pymongo.AsyncMongoClient": "close",
        "databases.Database": "connect disconnect execute execute_many fetch_all fetch_one"
        " fetch_val",
        "httpx.AsyncClient": "get post put patch delete head options request send aclose",
        "httpx.Response": "aread aclose",
        "aiohttp.ClientSession": "close",
        "aiohttp.ClientResponse": "json text read",
        "redis.asyncio.Redis": "get set setex delete exists expire incr decr hget hset hgetall"
        " hdel lpush rpush lpop rpop blpop brpop llen lrange ltrim sadd srem smembers sismember"
        " zadd zrem zrange publish ping keys ttl mget mset setnx xadd xread aclose flushdb"
        " append close decrby expireat getdel getex getset hexists hincrby hkeys hlen hmget hmset"
        " hsetnx hvals incrby incrbyfloat lindex lrem lset persist pexpire psetex pttl rename"
        " scard sinter spop sunion unlink xack xdel xgroup_create xlen xrange xreadgroup xtrim"
        " zcard zcount zincrby zrangebyscore zremrangebyrank zremrangebyscore zrevrange zscore",
        "redis.asyncio.client.PubSub": "subscribe psubscribe unsubscribe punsubscribe get_message"
        " aclose close",
        "redis.asyncio.client.Pipeline": "execute",
        "anyio.AsyncFile": "read readline readlines write writelines seek flush aclose truncate",
        "aiofiles.AsyncFile": "read readline readlines write writelines seek flush close truncate",
        "fastapi.Request": "body json form is_disconnected close",
        "fastapi.WebSocket": "accept close receive receive_text receive_json receive_bytes send"
        " send_text send_json send_bytes",
        "fastapi.UploadFile": "read write seek close",
        "websockets.ClientConnection": "send recv close ping wait_closed",
        "websockets.WebSocketClientProtocol": "send recv close ping wait_closed",
        "websockets.client.WebSocketClientProtocol": "send recv close ping wait_closed",
        "websockets.asyncio.client.ClientConnection": "send recv close ping wait_closed",
        "websockets.legacy.client.WebSocketClientProtocol": "send recv close ping wait_closed",
        "playwright.async_api.Page": "goto click fill type screenshot close content title reload"
        " evaluate wait_for_selector wait_for_timeout wait_for_load_state press hover",
        "playwright.async_api.Browser": "close new_page new_context",
        "playwright.async_api.BrowserContext": "close new_page storage_state cookies add_cookies",
        "playwright.async_api.Locator": "click fill count inner_text text_content press hover"
        " is_visible screenshot scroll_into_view_if_needed get_attribute",
        "openai.AsyncOpenAI": "close",
        "web3.AsyncWeb3": "is_connected",
        "web3.contract.AsyncContractFunction": "call transact build_transaction estimate_gas",
        "web3.AsyncWeb3.eth": "get_balance get_block get_code get_logs get_storage_at"
        " get_transaction get_transaction_count get_transaction_receipt estimate_gas fee_history"
        " send_raw_transaction send_transaction wait_for_transaction_receipt",
        "httpx.AsyncHTTPTransport": "aclose handle_async_request",
        "arq.connections.ArqRedis": "enqueue_job aclose",
        "aiobotocore.client.AioBaseClient": "put_object get_object delete_object list_objects_v2",
    }.items()
}
"""Class to the methods of its instances that are coroutine functions."""

SUFFIXES = ("openai.AsyncOpenAI.", "anthropic.AsyncAnthropic.", "openai.AsyncAzureOpenAI.")
"""Clients of which every call that ends in `create`, `retrieve`, `list` or `parse` is one."""

ENDINGS = frozenset({"create", "retrieve", "parse", "acreate"})
"""Last names of the calls on `SUFFIXES` that are coroutine functions."""


def is_known_coroutine(name: str | None) -> bool:
    """Whether calling this qualified name is known to give a coroutine."""
    if name is None:
        return False
    owner, _, last = name.rpartition(".")
    if name in FUNCTIONS or last in METHODS.get(owner, ()):
        return True
    return name.startswith(SUFFIXES) and last in ENDINGS
