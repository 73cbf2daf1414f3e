"""HTTP clients: which calls send a request, and how long they wait when nothing is said."""

from __future__ import annotations

VERBS = ("get", "post", "put", "patch", "delete", "head", "options")

REQUEST_METHODS = frozenset(
    {*VERBS, "request", "stream", "send", "ws_connect", "websocket_connect"}
)
"""Last names of calls that send a request, for a first look before names are resolved."""

_CLIENTS: dict[str, tuple[float | None, tuple[str, ...]]] = {
    "requests": (None, (*VERBS, "request")),
    "requests.Session": (None, (*VERBS, "request", "send")),
    "httpx": (5.0, (*VERBS, "request", "stream")),
    "httpx.Client": (5.0, (*VERBS, "request", "stream", "send")),
    "httpx.AsyncClient": (5.0, (*VERBS, "request", "stream", "send")),
    "aiohttp": (300.0, ("request",)),
    "aiohttp.ClientSession": (300.0, (*VERBS, "request", "ws_connect")),
    "urllib3.PoolManager": (None, ("request", "urlopen")),
    "urllib3": (None, ("request",)),
    "niquests": (120.0, (*VERBS, "request")),
    "curl_cffi.requests": (30.0, (*VERBS, "request")),
    "curl_cffi.requests.Session": (30.0, (*VERBS, "request")),
    "curl_cffi.requests.AsyncSession": (30.0, (*VERBS, "request")),
}

HTTP_REQUESTS: dict[str, float | None] = {
    f"{client}.{method}": timeout
    for client, (timeout, methods) in _CLIENTS.items()
    for method in methods
} | {
    "urllib.request.urlopen": None,
    "urllib.request.urlretrieve": None,
    "http.client.HTTPConnection": None,
    "http.client.HTTPSConnection": None,
    "websockets.connect": 10.0,
    "websockets.asyncio.client.connect": 10.0,
}
"""Qualified name of a callable that sends a request to its timeout in seconds; None: no limit."""

URL_SECOND = frozenset({"request", "stream"})
"""Methods whose address is the second positional argument, after the verb."""

CLIENT_CLASSES = frozenset({
    "requests.Session", "httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession",
    "urllib3.PoolManager",
})  # fmt: skip
"""Classes whose instances send requests."""

ADDRESS_KEYWORDS = ("url", "base_url", "fullurl", "uri")
"""Keywords by which clients take the address."""
