"""What known callables do while the caller waits, and what to await instead.

`NAMES` holds single callables. `OWNERS` holds classes and modules of which every method blocks,
except those in `FREE`. `INSTANCES` holds the callables that block already when they are called
to build an instance. Names are written as `SourceFile.qualified_name` gives them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rules.core.rule import Severity

type Kind = Literal["network", "sleep", "subprocess", "database", "file", "cpu", "input", "thread"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call makes its thread wait for. `instead` is what asynchronous code writes.

    `name` is the qualified name of the callable.
    """

    kind: Kind
    instead: str
    severity: Severity
    name: str = ""


def _network(instead: str) -> Effect:
    return Effect("network", instead, Severity.CRITICAL)


def _database(instead: str) -> Effect:
    return Effect("database", instead, Severity.CRITICAL)


def _file(instead: str) -> Effect:
    return Effect("file", instead, Severity.WARNING)


def _cpu(instead: str) -> Effect:
    return Effect("cpu", instead, Severity.WARNING)


_THREAD = "await asyncio.to_thread(...)"
_HTTPX = "`httpx.AsyncClient`"
_PROCESS = "`await asyncio.create_subprocess_exec(...)`"
_SHELL = "`await asyncio.create_subprocess_shell(...)`"
_IN_THREAD = f"`{_THREAD}`"
_STREAMS = "`asyncio.open_connection`"
_FILES = f"{_IN_THREAD} or `aiofiles`"
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")

NAMES: dict[str, Effect] = {
    "time.sleep": Effect("sleep", "`await asyncio.sleep(...)`", Severity.CRITICAL),
    "input": Effect("input", _IN_THREAD, Severity.CRITICAL),
    "getpass.getpass": Effect("input", _IN_THREAD, Severity.CRITICAL),
    "click.prompt": Effect("input", _IN_THREAD, Severity.CRITICAL),
    "click.confirm": Effect("input", _IN_THREAD, Severity.CRITICAL),
    "typer.prompt": Effect("input", _IN_THREAD, Severity.CRITICAL),
    "typer.confirm": Effect("input", _IN_THREAD, Severity.CRITICAL),
    "subprocess.run": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.call": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.check_call": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.check_output": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.getoutput": Effect("subprocess", _SHELL, Severity.CRITICAL),
    "subprocess.getstatusoutput": Effect("subprocess", _SHELL, Severity.CRITICAL),
    "subprocess.Popen.wait": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.Popen.communicate": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.Popen.stdout.read": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.Popen.stdout.readline": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.Popen.stdout.readlines": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.Popen.stderr.read": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "subprocess.Popen.stderr.readline": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "os.system": Effect("subprocess", _SHELL, Severity.CRITICAL),
    "os.popen": Effect("subprocess", _SHELL, Severity.CRITICAL),
    "os.waitpid": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "urllib.request.urlopen": _network(_HTTPX),
    "urllib.request.urlretrieve": _network(_HTTPX),
    "urllib3.request": _network(_HTTPX),
    "socket.create_connection": _network(_STREAMS),
    "socket.getaddrinfo": _network("`await loop.getaddrinfo(...)`"),
    "socket.gethostbyname": _network("`await loop.getaddrinfo(...)`"),
    "socket.gethostbyaddr": _network("`await loop.getnameinfo(...)`"),
    "ssl.get_server_certificate": _network(_STREAMS),
    "select.select": _network("`loop.add_reader`"),
    "yfinance.download": _network(_IN_THREAD),
    "huggingface_hub.hf_hub_download": _network(_IN_THREAD),
    "huggingface_hub.snapshot_download": _network(_IN_THREAD),
    "websocket.create_connection": _network("`websockets.connect`"),
    "wget.download": _network(_HTTPX),
    "ntplib.NTPClient.request": _network(_IN_THREAD),
    "git.Repo.clone_from": _network(_IN_THREAD),
    "ollama.chat": _network("`ollama.AsyncClient`"),
    "ollama.generate": _network("`ollama.AsyncClient`"),
    "ollama.embed": _network("`ollama.AsyncClient`"),
    "ollama.embeddings": _network("`ollama.AsyncClient`"),
    "replicate.run": _network("`await replicate.async_run(...)`"),
    "resend.Emails.send": _network(_IN_THREAD),
    "dns.resolver.resolve": _network("`await dns.asyncresolver.resolve(...)`"),
    "dns.resolver.query": _network("`await dns.asyncresolver.resolve(...)`"),
    "whois.whois": _network(_IN_THREAD),
    "nltk.download": _network(_IN_THREAD),
    "tradingview_ta.TA_Handler.get_analysis": _network(_IN_THREAD),
    "snowflake.connector.connect": _database(_IN_THREAD),
    "openai.ChatCompletion.create": _network("`await openai.ChatCompletion.acreate(...)`"),
    "openai.Completion.create": _network("`await openai.Completion.acreate(...)`"),
    "openai.Embedding.create": _network("`await openai.Embedding.acreate(...)`"),
    "litellm.completion": _network("`await litellm.acompletion(...)`"),
    "litellm.embedding": _network("`await litellm.aembedding(...)`"),
    "psycopg2.connect": _database("`asyncpg` or `psycopg.AsyncConnection`"),
    "psycopg.connect": _database("`await psycopg.AsyncConnection.connect(...)`"),
    "pymysql.connect": _database("`aiomysql` or `asyncmy`"),
    "MySQLdb.connect": _database("`aiomysql` or `asyncmy`"),
    "mysql.connector.connect": _database("`mysql.connector.aio`"),
    "pyodbc.connect": _database("`aioodbc`"),
    "pymssql.connect": _database(_IN_THREAD),
    "oracledb.connect": _database("`await oracledb.connect_async(...)`"),
    "sqlite3.connect": _database("`aiosqlite.connect`"),
    "pandas.read_sql": _database(_IN_THREAD),
    "pandas.read_sql_query": _database(_IN_THREAD),
    "pandas.read_sql_table": _database(_IN_THREAD),
    "open": _file(_FILES),
    "pathlib.Path.open": _file(_FILES),
    "pathlib.Path.read_text": _file(_FILES),
    "pathlib.Path.read_bytes": _file(_FILES),
    "pathlib.Path.write_text": _file(_FILES),
    "pathlib.Path.write_bytes": _file(_FILES),
    "shutil.copy": _file(_IN_THREAD),
    "shutil.copy2": _file(_IN_THREAD),
    "shutil.copyfile": _file(_IN_THREAD),
    "shutil.copyfileobj": _file(_IN_THREAD),
    "shutil.copytree": _file(_IN_THREAD),
    "shutil.move": _file(_IN_THREAD),
    "shutil.rmtree": _file(_IN_THREAD),
    "shutil.make_archive": _file(_IN_THREAD),
    "shutil.unpack_archive": _file(_IN_THREAD),
    "os.walk": _file(_IN_THREAD),
    "os.fsync": _file(_IN_THREAD),
    "glob.glob": _file(_IN_THREAD),
    "zipfile.ZipFile.extractall": _file(_IN_THREAD),
    "tarfile.TarFile.extractall": _file(_IN_THREAD),
    "tarfile.open": _file(_IN_THREAD),
    "gzip.open": _file(_IN_THREAD),
    "numpy.load": _file(_IN_THREAD),
    "numpy.save": _file(_IN_THREAD),
    "joblib.load": _file(_IN_THREAD),
    "joblib.dump": _file(_IN_THREAD),
    "torch.load": _file(_IN_THREAD),
    "torch.save": _file(_IN_THREAD),
    "pandas.read_csv": _cpu(_IN_THREAD),
    "pandas.read_excel": _cpu(_IN_THREAD),
    "pandas.read_parquet": _cpu(_IN_THREAD),
    "pandas.read_json": _cpu(_IN_THREAD),
    "pandas.DataFrame.to_csv": _cpu(_IN_THREAD),
    "pandas.DataFrame.to_excel": _cpu(_IN_THREAD),
    "pandas.DataFrame.to_parquet": _cpu(_IN_THREAD),
    "bcrypt.hashpw": _cpu(_IN_THREAD),
    "bcrypt.checkpw": _cpu(_IN_THREAD),
    "hashlib.pbkdf2_hmac": _cpu(_IN_THREAD),
    "hashlib.scrypt": _cpu(_IN_THREAD),
    "argon2.PasswordHasher.hash": _cpu(_IN_THREAD),
    "argon2.PasswordHasher.verify": _cpu(_IN_THREAD),
    "passlib.context.CryptContext.hash": _cpu(_IN_THREAD),
    "passlib.context.CryptContext.verify": _cpu(_IN_THREAD),
    "passlib.context.CryptContext.verify_and_update": _cpu(_IN_THREAD),
    "pwdlib.PasswordHash.hash": _cpu(_IN_THREAD),
    "pwdlib.PasswordHash.verify": _cpu(_IN_THREAD),
    "pwdlib.PasswordHash.verify_and_update": _cpu(_IN_THREAD),
    "passlib.hash.bcrypt.hash": _cpu(_IN_THREAD),
    "passlib.hash.bcrypt.verify": _cpu(_IN_THREAD),
    "passlib.hash.argon2.hash": _cpu(_IN_THREAD),
    "passlib.hash.argon2.verify": _cpu(_IN_THREAD),
    "passlib.hash.pbkdf2_sha256.hash": _cpu(_IN_THREAD),
    "passlib.hash.pbkdf2_sha256.verify": _cpu(_IN_THREAD),
    "passlib.hash.sha256_crypt.hash": _cpu(_IN_THREAD),
    "passlib.hash.sha256_crypt.verify": _cpu(_IN_THREAD),
    "werkzeug.security.generate_password_hash": _cpu(_IN_THREAD),
    "werkzeug.security.check_password_hash": _cpu(_IN_THREAD),
    "gzip.decompress": _cpu(_IN_THREAD),
    "gzip.compress": _cpu(_IN_THREAD),
    "zlib.decompress": _cpu(_IN_THREAD),
    "zlib.compress": _cpu(_IN_THREAD),
    "bz2.decompress": _cpu(_IN_THREAD),
    "bz2.compress": _cpu(_IN_THREAD),
    "lzma.decompress": _cpu(_IN_THREAD),
    "lzma.compress": _cpu(_IN_THREAD),
    "PIL.Image.Image.save": _cpu(_IN_THREAD),
    "PIL.Image.Image.resize": _cpu(_IN_THREAD),
    "PIL.Image.Image.convert": _cpu(_IN_THREAD),
    "PIL.Image.Image.thumbnail": _cpu(_IN_THREAD),
    "PIL.Image.Image.filter": _cpu(_IN_THREAD),
    "cv2.imread": _cpu(_IN_THREAD),
    "cv2.imdecode": _cpu(_IN_THREAD),
    "cv2.resize": _cpu(_IN_THREAD),
    "openpyxl.load_workbook": _cpu(_IN_THREAD),
    "pypdf.PdfReader": _cpu(_IN_THREAD),
    "PyPDF2.PdfReader": _cpu(_IN_THREAD),
    "pdfplumber.open": _cpu(_IN_THREAD),
    "docx.Document": _cpu(_IN_THREAD),
    "pytesseract.image_to_string": _cpu(_IN_THREAD),
    "sentence_transformers.SentenceTransformer.encode": _cpu(_IN_THREAD),
    "matplotlib.pyplot.savefig": _cpu(_IN_THREAD),
    "multiprocessing.Pool.map": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "multiprocessing.Pool.starmap": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "multiprocessing.Pool.apply": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "multiprocessing.Pool.join": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "threading.Event.wait": Effect("thread", "`asyncio.Event`", Severity.CRITICAL),
    "threading.Thread.join": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "queue.Queue.get": Effect("thread", "`asyncio.Queue`", Severity.CRITICAL),
    "queue.Queue.join": Effect("thread", "`asyncio.Queue`", Severity.CRITICAL),
    "queue.PriorityQueue.get": Effect("thread", "`asyncio.PriorityQueue`", Severity.CRITICAL),
    "multiprocessing.Queue.get": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "threading.Condition.wait": Effect("thread", "`asyncio.Condition`", Severity.CRITICAL),
    "multiprocessing.Process.join": Effect("thread", _IN_THREAD, Severity.CRITICAL),
    "concurrent.futures.Future.result": Effect(
        "thread", "`await asyncio.wrap_future(...)`", Severity.CRITICAL
    ),
    "concurrent.futures.wait": Effect("thread", "`await asyncio.wait(...)`", Severity.CRITICAL),
    "concurrent.futures.as_completed": Effect(
        "thread", "`asyncio.as_completed`", Severity.CRITICAL
    ),
    "concurrent.futures.ThreadPoolExecutor.shutdown": Effect(
        "thread", f"{_IN_THREAD} or `shutdown(wait=False)`", Severity.CRITICAL
    ),
    "concurrent.futures.ProcessPoolExecutor.shutdown": Effect(
        "thread", f"{_IN_THREAD} or `shutdown(wait=False)`", Severity.CRITICAL
    ),
}
"""Qualified name of a callable to what it does."""

for _push in ("pywebpush.webpush", "pywebpush.WebPusher.send"):
    NAMES[_push] = _network(_IN_THREAD)
for _owner in (
    "opentelemetry.sdk.trace.TracerProvider", "opentelemetry.sdk.metrics.MeterProvider",
    "opentelemetry.sdk.trace.export.BatchSpanProcessor",
    "opentelemetry.sdk.trace.export.SimpleSpanProcessor",
):  # fmt: skip
    for _method in ("shutdown", "force_flush"):
        NAMES[f"{_owner}.{_method}"] = _network(_IN_THREAD)
for _model in (
    "langchain_openai.ChatOpenAI", "langchain_openai.AzureChatOpenAI",
    "langchain_openai.OpenAIEmbeddings", "langchain_anthropic.ChatAnthropic",
    "langchain_google_genai.ChatGoogleGenerativeAI", "langchain_ollama.ChatOllama",
    "langchain_groq.ChatGroq", "langchain_mistralai.ChatMistralAI",
):  # fmt: skip
    for _method in ("invoke", "batch", "predict", "embed_query", "embed_documents"):
        NAMES[f"{_model}.{_method}"] = _network(f"`await ....{'a' + _method}(...)`")
for _library in ("requests", "httpx", "curl_cffi.requests", "niquests"):
    NAMES.update({f"{_library}.{_verb}": _network(_HTTPX) for _verb in _VERBS})
for _method in (
    "all", "first", "one", "one_or_none", "scalar", "scalars", "count", "get", "delete", "update",
):  # fmt: skip
    NAMES[f"sqlalchemy.orm.Query.{_method}"] = _database("`AsyncSession` with `select()`")
for _resource in (
    "Charge", "PaymentIntent", "Customer", "Subscription", "Invoice", "Refund", "Price", "Product",
    "checkout.Session",
):  # fmt: skip
    for _method in ("create", "retrieve", "list", "modify", "search", "cancel"):
        NAMES[f"stripe.{_resource}.{_method}"] = _network("its `_async` form")
NAMES["httpx.stream"] = _network("`httpx.AsyncClient().stream(...)`")

OWNERS: dict[str, Effect] = {
    "requests.Session": _network(_HTTPX),
    "httpx.Client": _network(_HTTPX),
    "urllib3.PoolManager": _network(_HTTPX),
    "http.client.HTTPConnection": _network(_HTTPX),
    "http.client.HTTPSConnection": _network(_HTTPX),
    "curl_cffi.requests.Session": _network("`curl_cffi.requests.AsyncSession`"),
    "cloudscraper.CloudScraper": _network(_IN_THREAD),
    "smtplib.SMTP": _network("`aiosmtplib`"),
    "smtplib.SMTP_SSL": _network("`aiosmtplib`"),
    "imaplib.IMAP4_SSL": _network(_IN_THREAD),
    "ftplib.FTP": _network(_IN_THREAD),
    "paramiko.SSHClient": _network("`asyncssh`"),
    "boto3.Client": _network("`aioboto3`"),
    "boto3.Resource": _network("`aioboto3`"),
    "redis.Redis": _network("`redis.asyncio.Redis`"),
    "redis.StrictRedis": _network("`redis.asyncio.Redis`"),
    "redis.client.Redis": _network("`redis.asyncio.Redis`"),
    "redis.cluster.RedisCluster": _network("`redis.asyncio.RedisCluster`"),
    "openai.OpenAI": _network("`openai.AsyncOpenAI`"),
    "openai.AzureOpenAI": _network("`openai.AsyncAzureOpenAI`"),
    "anthropic.Anthropic": _network("`anthropic.AsyncAnthropic`"),
    "groq.Groq": _network("`groq.AsyncGroq`"),
    "mistralai.Mistral": _network("its `_async` methods"),
    "google.generativeai.GenerativeModel": _network("`generate_content_async`"),
    "google.genai.Client": _network("`client.aio`"),
    "google.cloud.storage.Client": _network(_IN_THREAD),
    "google.cloud.bigquery.Client": _network(_IN_THREAD),
    "google.cloud.firestore.Client": _network("`firestore.AsyncClient`"),
    "azure.storage.blob.BlobServiceClient": _network("`azure.storage.blob.aio`"),
    "azure.storage.blob.ContainerClient": _network("`azure.storage.blob.aio`"),
    "azure.storage.blob.BlobClient": _network("`azure.storage.blob.aio`"),
    "google.cloud.storage.Bucket": _network(_IN_THREAD),
    "google.cloud.storage.Blob": _network(_IN_THREAD),
    "newsapi.NewsApiClient": _network(_IN_THREAD),
    "py_clob_client.ClobClient": _network(_IN_THREAD),
    "py_clob_client_v2.ClobClient": _network(_IN_THREAD),
    "yfinance.Ticker": _network(_IN_THREAD),
    "web3.Web3.eth": _network("`web3.AsyncWeb3`"),
    "web3.contract.ContractFunction": _network("`web3.AsyncWeb3`"),
    "web3.contract.Contract.events": _network("`web3.AsyncWeb3`"),
    "exa_py.Exa": _network("`exa_py.AsyncExa`"),
    "markitdown.MarkItDown": _cpu(_IN_THREAD),
    "ccxt.Exchange": _network("`ccxt.async_support`"),
    "binance.Client": _network("`binance.AsyncClient`"),
    "binance.client.Client": _network("`binance.AsyncClient`"),
    "binance.spot.Spot": _network(_IN_THREAD),
    "binance.um_futures.UMFutures": _network(_IN_THREAD),
    "alpaca.trading.client.TradingClient": _network(_IN_THREAD),
    "alpaca.data.historical.StockHistoricalDataClient": _network(_IN_THREAD),
    "alpaca.data.historical.CryptoHistoricalDataClient": _network(_IN_THREAD),
    "alpaca_trade_api.REST": _network(_IN_THREAD),
    "pybit.unified_trading.HTTP": _network(_IN_THREAD),
    "kiteconnect.KiteConnect": _network(_IN_THREAD),
    "hyperliquid.exchange.Exchange": _network(_IN_THREAD),
    "hyperliquid.info.Info": _network(_IN_THREAD),
    "minio.Minio": _network(_IN_THREAD),
    "git.Repo.remotes": _network(_IN_THREAD),
    "git.Repo.git": Effect("subprocess", _PROCESS, Severity.CRITICAL),
    "ollama.Client": _network("`ollama.AsyncClient`"),
    "cohere.Client": _network("`cohere.AsyncClient`"),
    "tavily.TavilyClient": _network("`tavily.AsyncTavilyClient`"),
    "duckduckgo_search.DDGS": _network(_IN_THREAD),
    "ddgs.DDGS": _network(_IN_THREAD),
    "notion_client.Client": _network("`notion_client.AsyncClient`"),
    "spotipy.Spotify": _network(_IN_THREAD),
    "jira.JIRA": _network(_IN_THREAD),
    "gitlab.Gitlab": _network(_IN_THREAD),
    "simple_salesforce.Salesforce": _network(_IN_THREAD),
    "hvac.Client": _network(_IN_THREAD),
    "xmlrpc.client.ServerProxy": _network(_IN_THREAD),
    "zeep.Client": _network("`zeep.AsyncClient`"),
    "geopy.geocoders.Nominatim": _network(_IN_THREAD),
    "google.cloud.secretmanager.SecretManagerServiceClient": _network("its `AsyncClient`"),
    "finnhub.Client": _network(_IN_THREAD),
    "polygon.RESTClient": _network(_IN_THREAD),
    "fredapi.Fred": _network(_IN_THREAD),
    "pycoingecko.CoinGeckoAPI": _network(_IN_THREAD),
    "coinbase.rest.RESTClient": _network(_IN_THREAD),
    "krakenex.API": _network(_IN_THREAD),
    "clickhouse_driver.Client": _database(_IN_THREAD),
    "github.Github": _network(_IN_THREAD),
    "kubernetes.client.CoreV1Api": _network("`kubernetes_asyncio`"),
    "kubernetes.client.AppsV1Api": _network("`kubernetes_asyncio`"),
    "kubernetes.client.BatchV1Api": _network("`kubernetes_asyncio`"),
    "kubernetes.client.CustomObjectsApi": _network("`kubernetes_asyncio`"),
    "selenium.webdriver.Chrome": _network(_IN_THREAD),
    "selenium.webdriver.Firefox": _network(_IN_THREAD),
    "tweepy.Client": _network("`tweepy.asynchronous.AsyncClient`"),
    "tweepy.API": _network(_IN_THREAD),
    "praw.Reddit": _network("`asyncpraw.Reddit`"),
    "slack_sdk.WebClient": _network("`slack_sdk.web.async_client.AsyncWebClient`"),
    "slack_sdk.web.client.WebClient": _network("`AsyncWebClient`"),
    "twilio.rest.Client": _network(_IN_THREAD),
    "sendgrid.SendGridAPIClient": _network(_IN_THREAD),
    "supabase.Client": _network("`supabase.create_async_client`"),
    "docker.DockerClient": _network("`aiodocker`"),
    "telebot.TeleBot": _network("`telebot.async_telebot.AsyncTeleBot`"),
    "elasticsearch.Elasticsearch": _network("`elasticsearch.AsyncElasticsearch`"),
    "opensearchpy.OpenSearch": _network("`opensearchpy.AsyncOpenSearch`"),
    "qdrant_client.QdrantClient": _network("`qdrant_client.AsyncQdrantClient`"),
    "kafka.KafkaProducer": _network("`aiokafka`"),
    "kafka.KafkaConsumer": _network("`aiokafka`"),
    "pika.BlockingConnection": _network("`aio_pika`"),
    "pymongo.MongoClient": _database("`pymongo.AsyncMongoClient`"),
    "psycopg2.connection": _database("`asyncpg` or `psycopg.AsyncConnection`"),
    "psycopg2.cursor": _database("`asyncpg` or `psycopg.AsyncConnection`"),
    "psycopg.Connection": _database("`psycopg.AsyncConnection`"),
    "psycopg.Cursor": _database("`psycopg.AsyncConnection`"),
    "pymysql.Connection": _database("`aiomysql` or `asyncmy`"),
    "sqlite3.Connection": _database("`aiosqlite`"),
    "sqlite3.Cursor": _database("`aiosqlite`"),
    "sqlalchemy.orm.Session": _database("`AsyncSession`"),
    "sqlalchemy.Connection": _database("`AsyncConnection`"),
    "sqlalchemy.Engine": _database("`create_async_engine`"),
}
"""Class (or part of a client) to what every call on it does, except the names in `FREE`."""

INSTANCES = {"smtplib.SMTP", "smtplib.SMTP_SSL", "imaplib.IMAP4_SSL", "ftplib.FTP"}
"""Classes that connect while they are built."""

WITH_ADDRESS: dict[str, Effect] = {
    "feedparser.parse": _network(f"{_HTTPX} for the text, then `feedparser.parse(text)`"),
}
"""Callables that go over the network only when they are given an address."""

FREE = {
    # Of every client.
    "close", "mount", "auth", "headers", "cookies", "with_options", "with_raw_response", "__init__",
    "build_request", "register", "registerHandler", "register_script", "timeout", "base_url",
    # Sync clients with an asynchronous half.
    "aio",
    # SQLAlchemy sessions only note what to do at the next flush.
    "add", "add_all", "expunge", "expunge_all", "expire", "expire_all", "begin_nested", "dialect",
    "get_bind", "in_transaction", "execution_options", "url", "dispose", "sync_engine", "identity_map",
    "info", "is_active", "new", "dirty", "deleted", "query", "no_autoflush", "pool", "bind",
    # sqlite3 and its kin.
    "cursor", "row_factory", "set_trace_callback", "create_function", "interrupt", "total_changes",
    "setinputsizes", "enable_load_extension", "text_factory", "create_aggregate", "set_session", "autocommit", "lastrowid", "rowcount", "description",
    # Clients that build an object first.
    "pipeline", "pubsub", "bucket", "blob", "table", "from_", "get_paginator", "collection",
    "get_blob_client", "get_container_client", "get_database", "get_collection", "meta", "Table",
    "Bucket", "Object", "exceptions", "document", "public_url", "name", "generate_signed_url",
    "path", "blob_name", "container_name",
    # Links that are only signed, and cursors that ask when they are read.
    "generate_presigned_url", "generate_presigned_post", "can_paginate", "get_waiter", "find",
    "presigned_get_object", "presigned_put_object", "dataset",
    # ccxt computes these from what it has loaded.
    "set_sandbox_mode", "amount_to_precision", "price_to_precision", "cost_to_precision", "market",
    "milliseconds", "iso8601", "parse8601", "safe_string", "safe_float", "safe_value",
    "parse_timeframe", "check_required_credentials", "setSandboxMode", "enable_demo_trading",
    # ClobClient computes these from its own key.
    "get_address", "set_api_creds", "get_order_builder", "assert_level_1_auth", "can_level_1_auth",
    "can_level_2_auth", "get_collateral_address", "get_exchange_address", "get_conditional_address",
    "assert_level_2_auth", "calculate_market_price_local", "get_order_book_hash",
    # web3 builds contracts and checks addresses without a node.
    "contract", "account", "default_account", "codec", "set_gas_price_strategy", "process_receipt",
    "process_log", "encode_abi",
}  # fmt: skip
"""Last names of calls on an owner that wait for nothing."""


_SETTINGS = {
    "headers", "cookies", "params", "proxies", "hooks", "adapters", "event_hooks", "info",
}  # fmt: skip
"""Attributes of clients and sessions that are dictionaries."""


def blocking_effect(name: str | None) -> Effect | None:
    """What a call of this qualified name waits for, or None when it is not known to block."""
    if name is None:
        return None
    if found := NAMES.get(name):
        return replace(found, name=name)
    if name in INSTANCES:
        return replace(OWNERS[name], name=name)
    owner, _, last = name.rpartition(".")
    while owner and "." in owner:
        if found := OWNERS.get(owner):
            return replace(found, name=name) if _waits(name[len(owner) + 1 :], last) else None
        owner = owner.rpartition(".")[0]
    return None


def _waits(path: str, last: str) -> bool:
    """Whether a call on an owner waits, by the path of names after the owner."""
    if last.endswith("_async") or last.startswith("__"):
        return False
    attribute, dot, _ = path.partition(".")
    if dot and attribute in _SETTINGS:
        return False
    if not dot and last[:1].isupper():
        return False  # A class of the client's, or an event of a contract.
    return last not in FREE and not path.startswith("aio.")
