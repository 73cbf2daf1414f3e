"""API303."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.newsapi import NewsRequest, news_requests
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CACHED = re.compile(
    r"cache|ttl|memo|redis|stored|last_fetch|SELECT|session\.(exec|query)", re.IGNORECASE
)
_RETRY = re.compile(r"retry", re.IGNORECASE)


@rule(
    "API303", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST, FileKind.SCRIPT)
)
def newsapi_quota_burn(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Each request of a client, or each item of a loop, costs a request to NewsAPI.

    The free plan has 100 a day, and every plan has an end: a page that is reloaded uses it up.
    News do not change by the second; keep the answer for some minutes, or fetch in the
    background.

    ```python
    import httpx
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/news")
    async def news(q: str) -> str:
        async with httpx.AsyncClient() as client:
            response = await client.get(  # finding
                "https://newsapi.org/v2/everything", params={"q": q}
            )
            return response.raise_for_status().text


    async def all_news(client: httpx.AsyncClient, topics: list[str]) -> list[str]:
        url = "https://newsapi.org/v2/everything"
        return [(await client.get(url, params={"q": q})).text for q in topics]  # finding
    ```

    With a cache in front of it:

    ```python
    import httpx
    from cachetools import TTLCache
    from fastapi import APIRouter

    router = APIRouter()
    cache: TTLCache[str, str] = TTLCache(maxsize=100, ttl=600)


    @router.get("/news")
    async def news(q: str) -> str:
        if q not in cache:
            async with httpx.AsyncClient() as client:
                response = await client.get(
                    "https://newsapi.org/v2/everything", params={"q": q}
                )
            cache[q] = response.raise_for_status().text
        return cache[q]
    ```
    """
    for request in news_requests(file):
        function = file.enclosing_function(request.call)
        around = file.source(function) if function is not None else ""
        decorators = " ".join(file.source(d) for d in function.decorator_list) if function else ""
        if function is None or _CACHED.search(around + decorators):
            continue
        when = _when(request, file)
        if when:
            yield Problem(
                request.call,
                f"NewsAPI is asked {when} with no cache in front: the plan's requests (100 a day when"
                " free) are used up. Keep answers for some minutes.",
            )


def _when(request: NewsRequest, file: SourceFile) -> str:
    route = file.route(file.enclosing_function(request.call))
    if route is not None:
        return f"for each `{route.label()}`"
    loop = file.enclosing_loop(request.call)
    if loop is None or isinstance(loop, ast.While) or _is_retry(loop, file):
        return ""
    return "" if "page" in request.parameters else "for each item of the loop"


def _is_retry(loop: ast.AST, file: SourceFile) -> bool:
    iterable = getattr(loop, "iter", None)
    return _RETRY.search(file.source(loop).split("\n", 1)[0]) is not None or (
        isinstance(iterable, ast.Call) and getattr(iterable.func, "id", "") == "range"
    )
