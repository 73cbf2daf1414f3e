"""API101."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration import waiting
from rules.api_integration.requests_sent import calls_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.tables.timeouts import LAST_NAMES, PROCESSES, ROOTS, WAITS, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LIMITED = re.compile(r"\btimeout\s*=|\bwait_for\b|\btimeout\(|fail_after|move_on_after")
_HANDED = ("to_thread", "run_in_executor", "run_in_threadpool", "run_sync", "partial", "submit")


@rule(
    "API101",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S113", "bandit:B113", "pylint:W3101"),
)
def no_timeout(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A call to another machine has no timeout, so one that never answers blocks it for ever.

    Each such wait keeps a thread or the event loop; when the other side hangs, so does the
    service. `requests`, `urllib` and the clients of the standard library have no limit of their
    own: critical on an event loop or in a route, else a warning.

    ```python
    import urllib.request

    import requests
    from fastapi import FastAPI

    app = FastAPI()
    GAMMA = "https://gamma-api.polymarket.com"


    @app.get("/markets")
    def markets():
        return requests.get(f"{GAMMA}/markets").json()  # finding: critical


    class News:
        def __init__(self) -> None:
            self.session = requests.Session()

        def latest(self, url: str) -> str:
            return self.session.get(url, params={"page": 1}).text  # finding: warning


    def page(url: str) -> bytes:
        with urllib.request.urlopen(url) as answer:  # finding: warning
            return answer.read()
    ```

    aiohttp gives up after five minutes, which is too long for anybody who waits; httpx after
    five seconds, unless it is told not to:

    ```python
    import aiohttp
    import httpx


    async def book(url: str) -> str:
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as answer:  # finding: warning
                return await answer.text()


    client = httpx.AsyncClient(timeout=None)  # finding: warning
    ```

    A function that is only handed over waits just as long:

    ```python
    import asyncio

    import requests


    async def page(url: str) -> str:
        answer = await asyncio.to_thread(requests.get, url)  # finding: critical
        return answer.text
    ```

    A limit may come with the call, from the session, or from around it:

    ```python
    import asyncio

    import aiohttp
    import httpx
    import requests


    def page(url: str, **options: object) -> str:
        requests.get(url, **options)
        return requests.get(url, timeout=(3, 10)).text


    async def book(url: str) -> str:
        limit = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=limit) as session:
            async with session.get(url) as answer:
                return await answer.text()


    async def soon(url: str) -> str:
        async with asyncio.timeout(5), aiohttp.ClientSession() as session:
            async with session.get(url) as answer:
                return await answer.text()


    async def default(url: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).text
    ```

    A session that somebody else built may have its limit from there:

    ```python
    import aiohttp


    async def book(session: aiohttp.ClientSession, url: str) -> str:
        async with session.get(url) as answer:
            return await answer.text()
    ```
    """
    if not file.imports(*ROOTS):
        return
    told = [problem for call in calls_of(LAST_NAMES, file) for problem in _called(call, file)]
    yield from told
    if not any("aiohttp" in problem.message for problem in told):
        yield from _shared_sessions(file)
    for call in calls_of(_HANDED, file):
        yield from _handed_over(call, file)


def _called(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    name = file.qualified_name(call.func) or ""
    if name in PROCESSES:
        yield from _process(call, name, file)
        return
    found = WAITS.get(name)
    if found is None or not _is_unlimited(call, found, file):
        return
    yield Problem(call, _message(name, call, found, file), severity=_severity(call, found, file))


def _shared_sessions(file: SourceFile) -> Iterator[Problem]:
    """Sessions of aiohttp that other places use, which a request's own rule cannot see."""
    if "ClientSession" not in file.called_names or _LIMITED.search(file.text):
        return
    told: set[ast.AST | None] = set()
    for call in file.calls("ClientSession"):
        if file.qualified_name(call.func) != "aiohttp.ClientSession" or call.args:
            continue
        function = file.enclosing_function(call)
        if waiting.has_unknown_arguments(call, file) or function in told:
            continue
        if _is_shared(call, file):
            told.add(function)
            yield Problem(
                call,
                "This session gets no timeout, so each of its requests may take aiohttp's own limit"
                " of 5 minutes. Give it `timeout=aiohttp.ClientTimeout(total=10)`.",
                severity=Severity.SUGGESTION if file.kind is FileKind.SCRIPT else Severity.WARNING,
                confidence=Confidence.MEDIUM,
            )


def _is_shared(call: ast.Call, file: SourceFile) -> bool:
    """Whether a new session is kept by an object or the module, or returned."""
    match file.parent(call):
        case ast.Assign(targets=[ast.Attribute()]) | ast.AnnAssign(target=ast.Attribute()):
            return True
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            return isinstance(file.scopes.of(name), ast.Module) or _is_given_out(name, file)
        case ast.Return():
            return True
        case _:
            return False


def _is_given_out(name: ast.Name, file: SourceFile) -> bool:
    """Whether a function returns or yields what it holds in a local name."""
    return any(
        isinstance(found.value, ast.Name) and found.value.id == name.id
        for kind in (ast.Return, ast.Yield)
        for found in file.of(kind)
        if file.enclosing_function(found) is file.enclosing_function(name)
    )


def _is_unlimited(call: ast.Call, found: Waiting, file: SourceFile) -> bool:
    given = waiting.given_timeout(call, found, file)
    if given is not None:
        explicit = waiting.is_no_limit(given, file)
        return explicit and not waiting.is_limited_around(call, file)
    if found.seconds is not None and found.seconds <= 200:
        return False
    if waiting.has_unknown_arguments(call, file) or waiting.is_limited_by_process(found, file):
        return False
    if found.built_by and not waiting.session_is_unlimited(call, found, file):
        return False
    return not waiting.is_limited_around(call, file) and not _is_limited_later(call, file)


def _is_limited_later(call: ast.Call, file: SourceFile) -> bool:
    """Whether a socket gets its limit in the next step, or a session in its own method."""
    if "settimeout" in file.text:
        name = file.qualified_name(call.func) or ""
        return name.startswith(("socket.", "websocket."))
    if isinstance(call.func, ast.Attribute) and "functools.partial" in file.text:
        return "timeout" in file.text and ".request = " in file.text
    return False


def _handed_over(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    for position, given in enumerate(call.args[:2]):
        found = waiting.waiting_callable(given, file)
        if found is None:
            continue
        name, limit = found
        if limit.seconds is not None or limit.built_by or not limit.keyword:
            return
        if (
            waiting.has_unknown_arguments(call, file)
            or waiting.keyword(call, limit.keyword) is not None
        ):
            return
        after = len(call.args) - position - 1
        if limit.position is not None and after > limit.position:
            return
        if waiting.is_limited_by_process(limit, file) or waiting.is_limited_around(call, file):
            return
        yield Problem(
            call,
            f"`{name}` is handed over without `timeout`: a server that never answers keeps its"
            " thread for ever. Give `timeout=` along with the other arguments.",
            severity=_severity(call, limit, file),
        )
        return


def _process(call: ast.Call, name: str, file: SourceFile) -> Iterator[Problem]:
    """A program run for a request; on an event loop it is the blocking that matters."""
    function = file.enclosing_function(call)
    route = file.route(function)
    if route is None or isinstance(function, ast.AsyncFunctionDef):
        return
    if waiting.keyword(call, "timeout") is None and not waiting.has_unknown_arguments(call, file):
        yield Problem(
            call,
            f"`{name}` waits for the program as long as it likes to run, and so does"
            f" `{route.label()}`. Give it a `timeout`.",
            severity=Severity.WARNING,
        )


def _severity(call: ast.Call, found: Waiting, file: SourceFile) -> Severity:
    if file.kind is FileKind.SCRIPT and "tools/" not in file.path:
        return Severity.SUGGESTION
    if found.seconds is not None:
        return Severity.WARNING
    function = file.enclosing_function(call)
    if isinstance(function, ast.AsyncFunctionDef):
        return Severity.CRITICAL
    in_request = function is not None and (
        file.route(function) is not None or file.is_dependency(function)
    )
    return Severity.CRITICAL if in_request else Severity.WARNING


def _message(name: str, call: ast.Call, found: Waiting, file: SourceFile) -> str:
    shown = file.source(call.func)
    shown = name if len(shown) > 50 or "\n" in shown else shown
    if waiting.given_timeout(call, found, file) is not None:
        return (
            f"`{shown}` is told to wait without limit: a server that never answers keeps the"
            " caller for ever. Give it seconds."
        )
    if found.seconds is not None:
        return (
            f"`{shown}` has only aiohttp's own limit of 5 minutes: a server that hangs keeps the"
            " caller that long. Give the session `timeout=aiohttp.ClientTimeout(total=10)`."
        )
    if not found.keyword:
        return (
            f"`{shown}` has no timeout and cannot take one: a server that never answers keeps"
            " the caller for ever. Use a client that can."
        )
    return (
        f"`{shown}` has no timeout: a server that never answers keeps the caller for ever."
        f" Give `{found.keyword}=10`, or what the caller can bear."
    )
