"""API103."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.jitter import is_served, is_steady, steady_growth
from rules.api_integration.requests_sent import address, requests_sent
from rules.api_integration.retries import (
    RetryDecorator,
    RetryLoop,
    retry_decorators,
    retry_loops,
    sleeps_in,
)
from rules.core import fixes
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.call_edits import with_keywords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_TINY = 0.5
_STARTING = re.compile(
    r"health|ready|wait_|_alive|ping|localhost|127\.0\.0\.1|launch|start", re.IGNORECASE
)
_RETRY = {"urllib3.Retry", "urllib3.util.Retry", "urllib3.util.retry.Retry"}
_RETRY_ALSO = {"requests.adapters.Retry", "requests.packages.urllib3.util.retry.Retry"}
_WAITS = (
    ("wait_random_exponential", "(multiplier=1, max=10)"),
    ("wait_exponential_jitter", "(max=10)"),
    ("wait_exponential", "(multiplier=1, max=10)"),
)


@rule("API103", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def retry_without_backoff(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A failed request is tried again at once, or after the same short pause each time.

    A server that is overloaded or limits its clients gets the same load again a moment later,
    and the few attempts are used up before it can recover. Wait longer after each failure, with
    some randomness so that clients do not come back all together.

    ```python
    import asyncio

    import httpx


    async def markets(client: httpx.AsyncClient) -> str:
        for attempt in range(3):
            try:
                return (await client.get("/markets")).text
            except httpx.TransportError:
                await asyncio.sleep(0.1)  # finding: warning
        raise TimeoutError
    ```

    ```python fixed
    import asyncio

    import httpx


    async def markets(client: httpx.AsyncClient) -> str:
        for attempt in range(3):
            try:
                return (await client.get("/markets")).text
            except httpx.TransportError:
                await asyncio.sleep(2**attempt)
        raise TimeoutError
    ```

    Without any pause:

    ```python
    import requests


    def page(url: str) -> str | None:
        tries = 0
        while tries < 5:
            try:
                return requests.get(url, timeout=5).text
            except requests.ConnectionError:  # finding: warning
                tries += 1
    ```

    By tenacity or urllib3, whose default is not to wait:

    ```python
    import requests
    from tenacity import retry, stop_after_attempt, wait_exponential
    from urllib3.util.retry import Retry


    @retry(stop=stop_after_attempt(3))  # finding: warning
    def price(url: str) -> str:
        return requests.get(url, timeout=5).text


    retries = Retry(total=5, status_forcelist=[502, 503])  # finding: warning
    ```

    ```python fixed
    import requests
    from tenacity import retry, stop_after_attempt, wait_exponential
    from urllib3.util.retry import Retry


    @retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=1, max=10))
    def price(url: str) -> str:
        return requests.get(url, timeout=5).text


    retries = Retry(total=5, status_forcelist=[502, 503], backoff_factor=0.5)
    ```

    A wait that grows but is the same for all brings the clients of a service back together. That
    is a suggestion of low confidence, so it stands in the summary only:

    ```python
    import asyncio

    import httpx
    import tenacity
    from fastapi import APIRouter

    router = APIRouter()


    @tenacity.retry(wait=tenacity.wait_exponential(max=10))  # finding: suggestion
    async def price(client: httpx.AsyncClient) -> str:
        return (await client.get("/price")).text


    @router.get("/markets")
    async def markets(client: httpx.AsyncClient) -> str:
        for attempt in range(3):
            try:
                return (await client.get("/markets")).text
            except httpx.TransportError:
                await asyncio.sleep(2**attempt)  # finding: suggestion
        raise TimeoutError
    ```

    In a program that is its server's only client a wait that grows is enough:

    ```python
    import time

    import requests
    import tenacity


    def page(url: str) -> str:
        for attempt in range(4):
            try:
                return requests.get(url, timeout=5).text
            except requests.ConnectionError:
                time.sleep(2**attempt)
        raise TimeoutError


    @tenacity.retry(wait=tenacity.wait_random_exponential(max=10))
    def price(url: str) -> str:
        return requests.get(url, timeout=5).text
    ```

    So is a loop over pages or over items, which repeats nothing:

    ```python
    import requests


    def pages(url: str) -> list[str]:
        found = []
        for page in range(10):
            try:
                found.append(requests.get(url, params={"page": page}, timeout=5).text)
            except requests.ConnectionError:
                continue
        return found
    ```
    """
    for decorator in retry_decorators(file):
        yield from _decorator(decorator, file)
    for call in file.calls("Retry"):
        yield from _urllib3(call, file)
    for loop in retry_loops(file):
        if not loop.orders and not _waits_for_start(loop, file):
            yield from _loop(loop, file)


def _decorator(retry: RetryDecorator, file: SourceFile) -> Iterator[Problem]:
    wait = retry.option("wait")
    if retry.is_open or retry.option("sleep") is not None or _is_second_try(retry, file):
        return
    if wait is None or _is_named(wait, "wait_none"):
        yield Problem(
            retry.node,
            f"tenacity does not wait between attempts by itself: {_attempts(retry)} follow each"
            " other at once. Give `wait=wait_random_exponential(max=10)`.",
            fix=_wait(retry, file) if wait is None else None,
        )
    elif (
        is_steady(wait, file)
        and is_served(file)
        and _sends(retry, file)
        and not _STARTING.search(retry.function.name if retry.function else "")
    ):
        yield Problem(
            wait,
            f"Whatever fails together is tried again together: {_attempts(retry)} wait the same"
            " time everywhere. Add randomness: `wait_random_exponential(max=10)`.",
            fix=_random(wait, file),
            severity=Severity.SUGGESTION,
            confidence=Confidence.LOW,
        )


def _is_second_try(retry: RetryDecorator, file: SourceFile) -> bool:
    """Whether there is one more attempt only, as after a connection that had gone stale."""
    stop = retry.option("stop")
    if not isinstance(stop, ast.Call) or not _is_named(stop, "stop_after_attempt"):
        return False
    return file.literal(stop.args[0] if stop.args else None) in {1, 2}


def _sends(retry: RetryDecorator, file: SourceFile) -> bool:
    """Whether the function that is tried again sends a request itself."""
    return any(file.enclosing_function(s.call) is retry.function for s in requests_sent(file))


def _random(wait: ast.expr, file: SourceFile) -> Fix | None:
    """The random counterpart, which takes the same options, when it is within reach."""
    if not isinstance(wait, ast.Call) or not _is_named(wait, "wait_exponential"):
        return None
    name = file.source(wait.func).replace("wait_exponential", "wait_random_exponential")
    if "." not in name and not file.scopes.lookup(name, file.tree):
        return None
    return fixes.expression(file.source(wait).replace(file.source(wait.func), name, 1))


def _attempts(retry: RetryDecorator) -> str:
    if retry.function is None:
        return "the attempts"
    return f"the attempts at `{retry.function.name}`"


def _is_named(node: ast.expr, name: str) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    return getattr(called, "attr", getattr(called, "id", "")) == name


def _wait(retry: RetryDecorator, file: SourceFile) -> Fix | None:
    """The keyword, when a way to wait is within reach of the file's imports."""
    if retry.call is None:
        return None
    if isinstance(retry.call.func, ast.Attribute):
        prefix = file.source(retry.call.func.value) + "."
        return with_keywords({"wait": prefix + "".join(_WAITS[0])})
    for name, arguments in _WAITS:
        if file.scopes.lookup(name, file.tree):
            return with_keywords({"wait": name + arguments})
    return None


def _urllib3(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    if file.qualified_name(call.func) not in _RETRY | _RETRY_ALSO:
        return
    given = {keyword.arg for keyword in call.keywords}
    if "backoff_factor" in given or None in given or file.literal(_total(call)) in {0, 1}:
        return
    yield Problem(
        call,
        "`Retry` without `backoff_factor` repeats the request at once, against a server that just"
        " failed. Give it a factor, as 0.5.",
        fix=with_keywords({"backoff_factor": "0.5"}),
    )


def _total(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "total"), None)


def _loop(found: RetryLoop, file: SourceFile) -> Iterator[Problem]:
    sleeps = sleeps_in(found.loop, file)
    if not sleeps:
        yield Problem(
            found.handlers[0],
            f"After this failure {_what(found, file)} is sent again at once. Wait before the next"
            " attempt, longer each time: `sleep(2**attempt)`.",
        )
        return
    for sleep in sleeps:
        seconds = file.literal(sleep.args[0]) if sleep.args else ...
        if isinstance(seconds, (int, float)) and 0 <= seconds <= _TINY and len(sleeps) == 1:
            yield Problem(
                sleep,
                f"Each attempt waits the same {seconds} s: too short for a server to recover. Let"
                " the wait grow with each attempt.",
                fix=_growing(sleep, found, file),
            )
        elif steady_growth(sleep, found, file) and is_served(file):
            yield Problem(
                sleep,
                "All requests that failed together come back together: each waits the same time."
                " Add some randomness, as `+ random.random()`.",
                severity=Severity.SUGGESTION,
                confidence=Confidence.LOW,
            )


def _waits_for_start(found: RetryLoop, file: SourceFile) -> bool:
    """Whether the loop asks a program on this machine, or one that starts, whether it is ready."""
    function = file.enclosing_function(found.loop)
    names = f"{function.name if function else ''} {file.source(found.requests[0].call)}"
    where = address(found.requests[0], file)
    return (
        _STARTING.search(names + where) is not None
        or re.search(r"healthz?\b|/ready|localhost|127\.0\.0\.1", file.source(found.loop))
        is not None
    )


def _growing(sleep: ast.Call, found: RetryLoop, file: SourceFile) -> Fix | None:
    iterable = getattr(found.loop, "iter", None)
    counts = isinstance(iterable, ast.Call) and len(iterable.args) == 1
    if not found.counter or found.counter == "_" or not counts:
        return None
    return fixes.expression(f"{file.source(sleep.func)}(2**{found.counter})")


def _what(found: RetryLoop, file: SourceFile) -> str:
    name = file.source(found.requests[0].call.func)
    return f"`{name}`" if len(name) <= 50 and "\n" not in name else "the request"
