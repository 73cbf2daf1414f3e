"""Calls that talk to another machine or process, and where they take their timeout."""

from __future__ import annotations

from typing import NamedTuple

from rules.tables.http_clients import VERBS


class Waiting(NamedTuple):
    """How a callable limits its wait.

    `keyword` and `position` say where it takes its timeout, empty and None when it cannot take
    one. `seconds` is the limit when nothing is given, None for no limit. `built_by` is the class
    whose constructor can set the limit for all calls. `follows_socket` tells whether
    `socket.setdefaulttimeout` limits it.
    """

    seconds: float | None = None
    keyword: str = "timeout"
    position: int | None = None
    built_by: str = ""
    follows_socket: bool = False


_HTTPX = (*VERBS, "request")
_SESSION = (*VERBS, "request", "send")

WAITS: dict[str, Waiting] = {
    **{f"requests.{method}": Waiting() for method in (*VERBS, "request")},
    **{f"requests.Session.{method}": Waiting() for method in _SESSION},
    **{f"cloudscraper.CloudScraper.{method}": Waiting() for method in _SESSION},
    **{f"httpx.{method}": Waiting(5.0) for method in _HTTPX},
    **{f"httpx.Client.{method}": Waiting(5.0) for method in _HTTPX},
    **{f"httpx.AsyncClient.{method}": Waiting(5.0) for method in _HTTPX},
    "httpx.Client": Waiting(5.0),
    "httpx.AsyncClient": Waiting(5.0),
    **{
        f"aiohttp.ClientSession.{method}": Waiting(300.0, built_by="aiohttp.ClientSession")
        for method in (*VERBS, "request")
    },
    "aiohttp.request": Waiting(300.0),
    **{f"niquests.{method}": Waiting(120.0) for method in _HTTPX},
    **{f"curl_cffi.requests.{method}": Waiting(30.0) for method in _HTTPX},
    "pywebpush.webpush": Waiting(position=6),
    "urllib3.request": Waiting(),
    "urllib3.PoolManager.request": Waiting(built_by="urllib3.PoolManager"),
    "urllib3.PoolManager.urlopen": Waiting(built_by="urllib3.PoolManager"),
    "urllib.request.urlopen": Waiting(position=2, follows_socket=True),
    "urllib.request.urlretrieve": Waiting(keyword="", follows_socket=True),
    "urllib.request.OpenerDirector.open": Waiting(position=2, follows_socket=True),
    "http.client.HTTPConnection": Waiting(position=2, follows_socket=True),
    "http.client.HTTPSConnection": Waiting(follows_socket=True),
    "socket.create_connection": Waiting(position=1, follows_socket=True),
    "smtplib.SMTP": Waiting(position=3, follows_socket=True),
    "smtplib.SMTP_SSL": Waiting(follows_socket=True),
    "imaplib.IMAP4": Waiting(position=2, follows_socket=True),
    "imaplib.IMAP4_SSL": Waiting(follows_socket=True),
    "poplib.POP3": Waiting(position=2, follows_socket=True),
    "poplib.POP3_SSL": Waiting(follows_socket=True),
    "ftplib.FTP": Waiting(position=4, follows_socket=True),
    "ftplib.FTP_TLS": Waiting(follows_socket=True),
    "websocket.create_connection": Waiting(position=1, follows_socket=True),
}
"""Qualified name of a callable to how it limits its wait."""

PROCESSES = frozenset({
    "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
})  # fmt: skip
"""Callables that wait for a program to end, and take `timeout`."""

LAST_NAMES = frozenset(name.rsplit(".", 1)[-1] for name in (*WAITS, *PROCESSES))
"""For a first look before names are resolved."""

ROOTS = tuple(sorted({name.split(".", 1)[0] for name in (*WAITS, *PROCESSES)}))
"""The modules of which a file must import one."""
