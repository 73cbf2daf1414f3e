"""ASY101."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.connections import once_per_connection
from rules.async_patterns.on_loop import (
    BlockingCall,
    blocking_calls,
    is_entry_point,
    serves_nobody_yet,
)
from rules.async_patterns.plain_function import blocking_in_plain_function
from rules.async_patterns.thread_handoff import awaited_instead
from rules.core.programs import is_program
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.tables.blocking import Effect

_OTHER_RULES = ("sqlite3.", "sqlalchemy.", "pandas.read_sql")
_CONVERSATIONS = ("smtplib.", "imaplib.", "ftplib.", "paramiko.", "http.client.", "websocket.")
_AT_THE_END = (".shutdown", ".force_flush")
_WHY = {
    "network": "waits for the network",
    "sleep": "sleeps",
    "subprocess": "waits for a process",
    "database": "waits for the database",
    "file": "does file I/O",
    "input": "waits for a person",
    "thread": "waits for another thread",
}


@rule(
    "ASY101",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=(
        "ruff:ASYNC210",
        "ruff:ASYNC212",
        "ruff:ASYNC220",
        "ruff:ASYNC221",
        "ruff:ASYNC222",
        "ruff:ASYNC230",
        "ruff:ASYNC250",
        "ruff:ASYNC251",
    ),
)
def blocking_call_in_async(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A blocking call in an `async def` function stops the whole event loop.

    While it waits, this process serves no other request: one slow upstream becomes an outage
    for everybody. Await the asynchronous counterpart, or hand the call to a thread. Network,
    sleeps, processes and databases are critical; a file on a local disk is a warning.

    ```python
    import asyncio
    import time


    async def poll() -> None:
        time.sleep(1)  # finding: critical
    ```

    ```python fixed
    import asyncio
    import time


    async def poll() -> None:
        await asyncio.sleep(1)
    ```

    Clients without an asynchronous half run in a thread:

    ```python
    import asyncio

    from py_clob_client_v2.client import ClobClient

    clob = ClobClient("https://clob.polymarket.com")


    async def best_bid(token_id: str) -> dict[str, object]:
        return clob.get_order_book(token_id)  # finding: critical
    ```

    ```python fixed
    import asyncio

    from py_clob_client_v2.client import ClobClient

    clob = ClobClient("https://clob.polymarket.com")


    async def best_bid(token_id: str) -> dict[str, object]:
        return await asyncio.to_thread(clob.get_order_book, token_id)
    ```

    The client may hide behind an attribute, another name or a comprehension:

    ```python
    from pathlib import Path

    import requests as http


    class News:
        def __init__(self) -> None:
            self.session = http.Session()

        async def pages(self, urls: list[str]) -> list[str]:
            return [self.session.get(url).text for url in urls]  # finding: critical

        async def template(self) -> str:
            return Path("page.html").read_text()  # finding: warning
    ```

    A call handed to a thread blocks nobody:

    ```python
    import asyncio
    import time

    import requests


    async def poll(url: str) -> None:
        await asyncio.to_thread(time.sleep, 1)
        await asyncio.to_thread(lambda: requests.get(url, timeout=5))
    ```

    A nested `def` is judged where it is called, and a `def` route runs in a thread pool:

    ```python
    import asyncio

    import requests
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/news")
    def news() -> str:
        return requests.get("https://example.com", timeout=5).text


    async def background() -> str:
        def fetch() -> str:
            return requests.get("https://example.com", timeout=5).text

        return await asyncio.to_thread(fetch)
    ```

    A file that is read before the service serves anybody does no harm:

    ```python
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        with open("banner.txt") as file:
            print(file.read())
        yield
    ```

    A plain `def` that waits for the network, which nothing shows to be called from synchronous
    code, is worth a suggestion: on an event loop it would block all the same.

    ```python
    def get_data():
        return requests.get(url).json()  # finding: suggestion
    ```
    """
    for found in _ours(file):
        severity = _severity(found, file)
        if severity is not None:
            yield _problem(found, severity, file)
    yield from blocking_in_plain_function(file)


def _ours(file: SourceFile) -> Iterator[BlockingCall]:
    """The calls that no other rule reports; of a conversation, its first one."""
    ours = [
        found
        for found in blocking_calls(file)
        if found.effect.kind != "cpu" and not found.effect.name.startswith(_OTHER_RULES)
    ]
    yield from (found for found in ours if not _is_conversation(found.effect))
    yield from once_per_connection((f for f in ours if _is_conversation(f.effect)), file)


def _is_conversation(effect: Effect) -> bool:
    return effect.kind == "database" or effect.name.startswith(_CONVERSATIONS)


def _problem(found: BlockingCall, severity: Severity, file: SourceFile) -> Problem:
    call, effect, function = found
    name = file.source(call.func)
    shown = effect.name if len(name) > 50 or "\n" in name else name
    return Problem(
        call,
        f"`{shown}` {_WHY[effect.kind]} and stops the event loop while `async def "
        f"{function.name}` runs; use {effect.instead}.",
        fix=None if _is_conversation(effect) else awaited_instead(call, effect.name, file),
        severity=severity,
    )


def _severity(found: BlockingCall, file: SourceFile) -> Severity | None:
    """What the wait costs here; None where it costs nobody anything."""
    effect = found.effect
    if (
        effect.kind == "sleep"
        and file.literal(found.call.args[0] if found.call.args else None) == 0
    ):
        return None
    if not (serves_nobody_yet(found.function) or is_program(file)):
        return effect.severity
    if effect.kind in {"file", "input", "thread"} or effect.name.endswith(_AT_THE_END):
        return None
    is_main = is_entry_point(found.function.name) and not is_program(file)
    return Severity.WARNING if is_main else Severity.SUGGESTION
