"""API105."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import Sent, address, requests_sent
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import COMPREHENSIONS
from rules.sqlite.loops import is_constant
from rules.tables.rate_limits import LIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_HANDLED = re.compile(
    r"429|retry|too_many_requests|rate_?limit|limiter|throttl|back_?off|sem(aphore)?\b|sleep|"
    r"tenacity|stamina",
    re.IGNORECASE,
)


@rule(
    "API105",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def rate_limit_ignored(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A loop asks a service that limits its clients, and nothing is ready for its 429.

    Pages or items are fetched one after the other until the service says "too many": then the
    rest is missing, or the loop dies half way. Wait for what `Retry-After` says (or longer each
    time) and try the same page again.

    ```python
    import httpx


    async def events(client: httpx.AsyncClient) -> list[object]:
        found = []
        for page in range(10):
            response = await client.get(  # finding
                "https://gamma-api.polymarket.com/events", params={"offset": page * 100}
            )
            if response.status_code != 200:
                break
            found.extend(response.json())
        return found
    ```

    Handled, or kept slow enough on purpose:

    ```python
    import asyncio

    import httpx


    async def events(client: httpx.AsyncClient) -> list[object]:
        found = []
        for page in range(10):
            response = await client.get("https://gamma-api.polymarket.com/events")
            if response.status_code == 429:
                await asyncio.sleep(float(response.headers["Retry-After"]))
                continue
            found.extend(response.json())
        return found
    ```

    A single request, or one to a service of one's own, needs none of it:

    ```python
    import httpx


    async def event(client: httpx.AsyncClient) -> object:
        return (await client.get("https://gamma-api.polymarket.com/events/1")).json()


    async def own(client: httpx.AsyncClient) -> None:
        for number in range(10):
            await client.get(f"http://localhost:8000/items/{number}")
    ```
    """
    said: set[ast.AST] = set()
    for sent in requests_sent(file):
        loop = file.enclosing_loop(sent.call)
        if loop is None or loop in said or not _repeats(loop, file):
            continue
        service = _service(sent, file)
        if service and not _is_handled(sent, file):
            said.add(loop)
            yield Problem(
                sent.call,
                f"This loop sends one request after the other to {service}, and nothing handles a"
                " 429. Wait for `Retry-After`, then send the same request again.",
            )


def _repeats(loop: ast.AST, file: SourceFile) -> bool:
    """Whether a loop of a running program sends more than a few requests."""
    iterable = (
        loop.generators[0].iter if isinstance(loop, COMPREHENSIONS) else getattr(loop, "iter", None)
    )
    if file.enclosing_function(loop) is None:
        return False
    return not (isinstance(iterable, ast.expr) and is_constant(iterable, file))


def _service(sent: Sent, file: SourceFile) -> str:
    """Which limited service the address belongs to, by its host or by the name of its base."""
    where = address(sent, file)
    source = file.source(sent.url) if sent.url is not None else ""
    if isinstance(sent.url, (ast.Name, ast.Attribute)):
        value = file.value(sent.url)
        source += " " + (file.source(value) if value is not None else "")
    for pattern, service in LIMITED.items():
        if re.search(pattern, f"{where} {source}", re.IGNORECASE):
            return service
    return ""


def _is_handled(sent: Sent, file: SourceFile) -> bool:
    function = file.enclosing_function(sent.call)
    if function is None:
        return _HANDLED.search(file.text) is not None
    decorators = " ".join(file.source(item) for item in function.decorator_list)
    if _HANDLED.search(decorators) or _HANDLED.search(_code(function, file)):
        return True
    owner = sent.call.func.value if isinstance(sent.call.func, ast.Attribute) else None
    built = file.value(owner) if isinstance(owner, (ast.Name, ast.Attribute)) else None
    return built is not None and _HANDLED.search(file.source(built)) is not None


def _code(function: ast.AST, file: SourceFile) -> str:
    """The source of a function without comments, which promise more than the code holds."""
    return re.sub(r"#[^\n]*", "", file.source(function))
