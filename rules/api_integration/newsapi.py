"""The requests of a file to newsapi.org, by any HTTP client or by newsapi-python."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import address, requests_sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

CLIENT = "newsapi.NewsApiClient"
_METHODS = ("get_everything", "get_top_headlines", "get_sources")


@dataclass(frozen=True, slots=True, eq=False)
class NewsRequest:
    """One request: `endpoint` is `everything`, `top-headlines`, `sources` or empty.

    `parameters` maps the names that the request gives to their values. `complete` tells whether
    these are all, so that a missing one is really missing. `by_client` is true for
    newsapi-python, which checks the answer's status itself.
    """

    call: ast.Call
    endpoint: str
    parameters: dict[str, ast.expr]
    complete: bool
    by_client: bool


def news_requests(file: SourceFile) -> list[NewsRequest]:
    """The requests to NewsAPI in a file."""
    if "newsapi" not in file.text:
        return []
    return file.memo("news-requests", lambda: [*_by_http(file), *_by_client(file)])


def _by_http(file: SourceFile) -> Iterator[NewsRequest]:
    for sent in requests_sent(file):
        where = address(sent, file)
        if "newsapi.org" not in where:
            continue
        path, _, query = where.partition("?")
        parameters, complete = _of_dictionary(sent.keyword("params"), file)
        for pair in query.split("&") if query else ():
            name, _, value = pair.partition("=")
            parameters.setdefault(name, ast.Constant(value))
        known = path.rstrip("/").rsplit("/", 1)[-1]
        yield NewsRequest(
            sent.call, known if "?" not in known else "", parameters, complete, by_client=False
        )


def _by_client(file: SourceFile) -> Iterator[NewsRequest]:
    for call in file.calls(*_METHODS):
        name = file.qualified_name(call.func) or ""
        if not name.startswith(CLIENT):
            continue
        parameters = {given.arg: given.value for given in call.keywords if given.arg}
        complete = not call.args and all(given.arg for given in call.keywords)
        endpoint = name.rsplit(".", 1)[-1].removeprefix("get_").replace("_", "-")
        yield NewsRequest(call, endpoint, parameters, complete, by_client=True)


def _of_dictionary(node: ast.expr | None, file: SourceFile) -> tuple[dict[str, ast.expr], bool]:
    """The items of `params`, and whether no others can be in it."""
    if node is None:
        return {}, True
    complete = isinstance(node, ast.Dict)
    if isinstance(node, (ast.Name, ast.Attribute)):
        value = file.value(node)
        node = value if value is not None else node
    if not isinstance(node, ast.Dict):
        return {}, False
    found = {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    return found, complete and len(found) == len(node.keys)
