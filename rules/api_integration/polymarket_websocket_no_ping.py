"""API208."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import calls_of
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.polymarket import SOCKET_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CONNECTS = ("connect", "ws_connect", "WebSocketApp", "create_connection")
_PING = re.compile(r"""["']PING["']|b["']PING|[Hh]eartbeat_loop|_ping_loop|send_ping|_ping\(""")


@rule("API208", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def polymarket_websocket_no_ping(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A socket to Polymarket's order books never says the `PING` that keeps it open.

    The market and user channels expect the text message `PING` every 10 seconds and answer
    `PONG`. The ping frames that libraries send (`ping_interval`) do not count: the link goes
    silent after a while, and the book that the code still holds is old.

    ```python
    import websockets

    URL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"


    async def listen(token_ids: list[str]) -> None:
        async with websockets.connect(URL, ping_interval=10) as socket:  # finding
            async for message in socket:
                print(message)
    ```

    With a task that sends it:

    ```python
    import asyncio

    import websockets

    URL = "wss://ws-subscriptions-clob.polymarket.com/ws/market"


    async def listen(token_ids: list[str]) -> None:
        async with websockets.connect(URL) as socket, asyncio.TaskGroup() as group:
            group.create_task(keep_open(socket))
            async for message in socket:
                print(message)


    async def keep_open(socket) -> None:
        while True:
            await socket.send("PING")
            await asyncio.sleep(10)
    ```
    """
    if SOCKET_HOST not in file.text or _PING.search(file.text):
        return
    for call in calls_of(_CONNECTS, file):
        name = file.qualified_name(call.func) or ""
        if not name.startswith(("websockets", "websocket.", "aiohttp", "httpx_ws")):
            continue
        if _is_short(call, file):
            continue
        yield Problem(
            call,
            "Polymarket's socket wants the text `PING` every 10 s, and nothing in this file sends it:"
            " the link goes silent. Ping frames of the library do not count.",
        )
        return


def _is_short(call: ast.Call, file: SourceFile) -> bool:
    """Whether the block of the connection looks at a few messages and is over."""
    item = file.parent(call)
    block = file.parent(item) if isinstance(item, ast.withitem) else None
    if not isinstance(block, ast.AsyncWith):
        return False
    return not any(
        isinstance(node, (ast.AsyncFor, ast.While))
        or (isinstance(node, ast.Await) and not _receives(node.value))
        for node in file.body(block)
    )


def _receives(awaited: ast.expr) -> bool:
    """Whether a message is sent or received here, and no other function goes on with the socket."""
    text = ast.unparse(awaited)
    return ".recv(" in text or ".send(" in text or ".close(" in text or "receive" in text
