"""API302."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.api_integration.newsapi import NewsRequest, news_requests
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MOST = 100
_NEEDED = {
    "top-headlines": {"q", "country", "category", "sources"},
    "everything": {"q", "qInTitle", "sources", "domains", "qintitle", "searchIn"},
}


@rule("API302", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def newsapi_parameter_conflict(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A request to NewsAPI has parameters that it refuses every time.

    `sources` cannot be mixed with `country` or `category`, a page has at most 100 articles, and
    at least one of the parameters that narrow the search has to be there: else the answer is
    400 with the code `parameterInvalid` or `parametersMissing`.

    ```python
    import httpx
    from newsapi import NewsApiClient

    api = NewsApiClient(api_key="...")
    headlines = api.get_top_headlines(sources="bbc-news", country="gb")  # finding


    def everything() -> httpx.Response:
        return httpx.get(  # finding
            "https://newsapi.org/v2/everything", params={"q": "rates", "pageSize": 200}
        )


    def top() -> httpx.Response:
        url = "https://newsapi.org/v2/top-headlines"
        return httpx.get(url, params={"page": 1})  # finding
    ```

    One or the other, and pages of 100:

    ```python
    from newsapi import NewsApiClient

    api = NewsApiClient(api_key="...")
    bbc = api.get_top_headlines(sources="bbc-news", page_size=100)
    british = api.get_top_headlines(country="gb", category="business")
    ```
    """
    for request in news_requests(file):
        told = _conflict(request, file)
        if told:
            yield Problem(request.call, told)


def _conflict(request: NewsRequest, file: SourceFile) -> str:
    given = {name for name, value in request.parameters.items() if not _is_nothing(value)}
    if request.endpoint == "top-headlines" and "sources" in given:
        others = " and ".join(f"`{name}`" for name in ("country", "category") if name in given)
        if others:
            return (
                f"NewsAPI refuses `sources` together with {others}: this request gets 400 every time."
                " Give one or the other."
            )
    for name in ("pageSize", "page_size"):
        value = request.parameters.get(name)
        size = file.literal(value) if value is not None else None
        number = int(size) if isinstance(size, str) and size.isdigit() else size
        if isinstance(number, int) and number > _MOST:
            return (
                f"`{name}={number}`: a page of NewsAPI has at most {_MOST} articles, more gets 400."
            )
    needed = _NEEDED.get(request.endpoint, set())
    if needed and request.complete and not given & needed:
        names = ", ".join(
            f"`{name}`"
            for name in sorted(needed & {"q", "country", "category", "sources", "domains"})
        )
        return f"NewsAPI's `{request.endpoint}` wants at least one of {names}: without, it answers 400."
    return ""


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in {None, ""}
