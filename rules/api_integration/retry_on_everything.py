"""API104."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import requests_in
from rules.api_integration.retries import (
    RetryDecorator,
    RetryLoop,
    moves_money,
    orders_in,
    retry_decorators,
    retry_loops,
)
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.security.call_edits import with_keywords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_SAFE = re.compile(
    r"idempoten|client_order_id|clientOrderId|newClientOrderId|reconcil|nonce", re.IGNORECASE
)
_BROAD = {
    "Exception", "BaseException", "httpx.HTTPError", "httpx.HTTPStatusError",
    "requests.RequestException", "requests.exceptions.RequestException", "requests.HTTPError",
    "requests.exceptions.HTTPError", "aiohttp.ClientError", "aiohttp.ClientResponseError",
}  # fmt: skip
_BEFORE_SENDING = ("ConnectError", "ConnectTimeout", "ConnectionError", "ConnectionRefusedError",
                   "ClientConnectorError", "PoolTimeout")  # fmt: skip
_STATUS = re.compile(
    r"status|\bcode\b|\b4\d\d\b|\b5\d\d\b|is_client_error|retryable|transient", re.IGNORECASE
)
_TRANSIENT = {
    "httpx": "httpx.TransportError",
    "requests": "requests.ConnectionError",
    "aiohttp": "aiohttp.ClientConnectionError",
}


@rule("API104", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def retry_on_everything(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A request is tried again after failures for which that does harm or cannot help.

    An order or a payment that timed out may have been accepted: sent again, it is placed twice.
    A 400, 401 or 404 stays what it is however often one asks, and costs quota each time. Repeat
    only what is safe to repeat, and only after failures that pass.

    ```python
    import httpx
    import tenacity


    @tenacity.retry(  # finding: critical
        stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_random_exponential()
    )
    async def buy(client: httpx.AsyncClient, order: dict[str, str]) -> str:
        response = await client.post("https://clob.polymarket.com/order", json=order)
        return response.text


    def place(clob, order):
        for attempt in range(3):
            try:
                return clob.post_order(order)
            except Exception:  # finding: critical
                continue
    ```

    An error status raised inside the `try` of a retry loop brings every 404 back:

    ```python
    import time

    import requests


    def page(url: str) -> str:
        for attempt in range(3):
            try:
                response = requests.get(url, timeout=5)
                response.raise_for_status()
                return response.text
            except requests.RequestException:  # finding: warning
                time.sleep(2**attempt)
        raise TimeoutError
    ```

    A decorator that says nothing about errors retries on all of them, mistakes in the function
    itself included; for a request that only reads it is a suggestion:

    ```python
    import httpx
    from tenacity import retry, retry_if_exception_type, stop_after_attempt


    @retry(stop=stop_after_attempt(3))  # finding: suggestion
    def page(url: str) -> str:
        response = httpx.get(url)
        response.raise_for_status()
        return response.text
    ```

    ```python fixed
    import httpx
    from tenacity import retry, retry_if_exception_type, stop_after_attempt


    @retry(stop=stop_after_attempt(3), retry=retry_if_exception_type(httpx.TransportError))
    def page(url: str) -> str:
        response = httpx.get(url)
        response.raise_for_status()
        return response.text
    ```

    Failures that pass, a look at the status, and orders with a key of their own are fine:

    ```python
    import time

    import httpx
    import tenacity


    @tenacity.retry(retry=tenacity.retry_if_exception_type(httpx.TransportError))
    def page(url: str) -> str:
        response = httpx.get(url)
        response.raise_for_status()
        return response.text


    def checked(url: str) -> str:
        for attempt in range(3):
            try:
                response = httpx.get(url)
                response.raise_for_status()
                return response.text
            except httpx.HTTPStatusError as error:
                if error.response.status_code < 500:
                    raise
                time.sleep(2**attempt)
        raise TimeoutError


    def pay(client: httpx.Client, order: dict[str, str], idempotency_key: str) -> str:
        for attempt in range(3):
            try:
                headers = {"Idempotency-Key": idempotency_key}
                return client.post("/payments", json=order, headers=headers).text
            except httpx.TransportError:
                time.sleep(2**attempt)
        raise TimeoutError
    ```
    """
    for decorator in retry_decorators(file):
        yield from _decorator(decorator, file)
    for loop in retry_loops(file):
        yield from _loop(loop, file)


def _decorator(retry: RetryDecorator, file: SourceFile) -> Iterator[Problem]:
    if retry.function is None or retry.is_open:
        return
    text = file.source(retry.function)
    predicate = retry.option("retry")
    sent = requests_in(retry.function, file)
    money = orders_in(retry.function, file) or [s.call for s in sent if moves_money(s, file)]
    if money and not _SAFE.search(text) and not _only_before_sending(predicate, file):
        yield Problem(
            retry.node,
            f"`{retry.function.name}` is tried again after any failure, and"
            f" `{_shown(money[0], file)}` may have been accepted before a timeout: it would be"
            " placed twice. Send it once, then ask what became of it.",
            severity=Severity.CRITICAL,
        )
    elif predicate is None and sent and retry.option("retry_error_cls") is None:
        yield Problem(
            retry.node,
            f"`{retry.function.name}` is tried again after every exception, a 404 or a mistake in"
            " the code included. Say which failures pass: `retry=retry_if_exception_type(...)`.",
            severity=Severity.SUGGESTION,
            fix=_transient(retry, sent[0].library, file),
        )


def _only_before_sending(predicate: ast.expr | None, file: SourceFile) -> bool:
    if predicate is None:
        return False
    words = re.findall(r"\w+", file.source(predicate))
    names = [word for word in words if word.endswith(("Error", "Exception", "Timeout"))]
    return all(name.endswith(_BEFORE_SENDING) for name in names) if names else True


def _transient(retry: RetryDecorator, library: str, file: SourceFile) -> Fix | None:
    error = _TRANSIENT.get(library)
    if error is None or retry.call is None or not file.scopes.lookup(library, file.tree):
        return None
    if isinstance(retry.call.func, ast.Attribute):
        prefix = file.source(retry.call.func.value) + "."
    elif file.scopes.lookup("retry_if_exception_type", file.tree):
        prefix = ""
    else:
        return None
    return with_keywords({"retry": f"{prefix}retry_if_exception_type({error})"})


def _loop(found: RetryLoop, file: SourceFile) -> Iterator[Problem]:
    handler = found.handlers[0]
    text = file.source(found.loop)
    money = [*found.orders, *(s.call for s in found.requests if moves_money(s, file))]
    if money:
        if not _SAFE.search(text) and not _is_before_sending(handler, file):
            yield Problem(
                handler,
                f"`{_shown(money[0], file)}` is sent again after {_caught(handler, file)}, though"
                " it may have been accepted: it would be placed twice. Send it once, then ask what"
                " became of it.",
                severity=Severity.CRITICAL,
            )
        return
    if not _catches_statuses(handler, file) or not _raises_for_status(found, file):
        return
    if _STATUS.search(text.replace("raise_for_status", "").replace("HTTPStatusError", "")):
        return
    yield Problem(
        handler,
        f"{_caught(handler, file)} also catches what `raise_for_status()` raises, so a 401 or 404"
        " is asked for again and again. Try again only after timeouts, 429 and 5xx.",
    )


def _shown(call: ast.Call, file: SourceFile) -> str:
    name = file.source(call.func)
    return name if len(name) <= 50 and "\n" not in name else "the order"


def _types(handler: ast.ExceptHandler) -> list[ast.expr]:
    if isinstance(handler.type, ast.Tuple):
        return handler.type.elts
    return [] if handler.type is None else [handler.type]


def _is_before_sending(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    names = [(file.qualified_name(item) or "") for item in _types(handler)]
    return bool(names) and all(name.endswith(_BEFORE_SENDING) for name in names)


def _catches_statuses(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    return handler.type is None or any(
        file.qualified_name(item) in _BROAD for item in _types(handler)
    )


def _caught(handler: ast.ExceptHandler, file: SourceFile) -> str:
    return "a bare `except`" if handler.type is None else f"`{file.source(handler.type)}`"


def _raises_for_status(found: RetryLoop, file: SourceFile) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "raise_for_status"
        for item in found.attempt.body
        for node in file.within(item)
    )
