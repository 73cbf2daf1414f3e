"""The HTTP requests that a file sends: with which client, where to, in which function."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.tables.http_clients import ADDRESS_KEYWORDS, HTTP_REQUESTS, REQUEST_METHODS, VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.source import SourceFile

_CLIENTS = ("requests", "httpx", "aiohttp", "urllib", "urllib3", "niquests", "curl_cffi")
_CLIENT_NAME = re.compile(r"(^|_)(session|client|http|https|api|requests)$", re.IGNORECASE)
_NOT_HTTP = re.compile(r"^(sqlalchemy|redis|boto3|botocore|sqlmodel|fastapi|starlette|dict)\b")
_GUESSED = frozenset({*VERBS, "request"})


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """One request: `name` is the qualified callable, empty when only its look says what it is.

    `verb` is in lower case, empty when it is computed; `url` the expression of the address.
    """

    call: ast.Call
    name: str
    verb: str
    url: ast.expr | None

    @property
    def library(self) -> str:
        """`requests`, `httpx`, `aiohttp` … or empty."""
        return self.name.split(".", 1)[0]

    def keyword(self, name: str) -> ast.expr | None:
        """The value of a keyword argument."""
        return next((given.value for given in self.call.keywords if given.arg == name), None)


def requests_sent(file: SourceFile) -> list[Sent]:
    """Every request of the file, those of known clients and those that look like one."""
    return file.memo("requests-sent", lambda: list(_found(file)))


def known_requests(file: SourceFile) -> list[Sent]:
    """The requests whose client is known."""
    return [sent for sent in requests_sent(file) if sent.name]


def requests_in(node: ast.AST, file: SourceFile) -> list[Sent]:
    """The requests inside a block, in the order of the text."""
    inside = {id(inner) for inner in file.within(node)}
    return [sent for sent in requests_sent(file) if id(sent.call) in inside]


def address(sent: Sent, file: SourceFile) -> str:
    """The constant parts of the address, `?` for what is computed; empty when nothing is known."""
    if sent.url is None:
        return ""
    text = file.text_of(sent.url)
    return text.with_holes() if text is not None else ""


def calls_of(names: Iterable[str], file: SourceFile) -> Iterator[ast.Call]:
    """The calls with one of these last names, and none when the file has none of them."""
    present = file.called_names.intersection(names)
    if present:
        yield from file.calls(*sorted(present))


def _found(file: SourceFile) -> Iterator[Sent]:
    if not file.imports(*_CLIENTS):
        return
    names = REQUEST_METHODS | {"urlopen"}
    for call in calls_of(names, file):
        last = _last(call.func)
        name = file.qualified_name(call.func)
        if name in HTTP_REQUESTS:
            yield _sent(call, name, name.rsplit(".", 1)[-1], file)
        elif last in _GUESSED and _looks_like_request(call, name, file):
            yield _sent(call, "", last, file)


def _sent(call: ast.Call, name: str, last: str, file: SourceFile) -> Sent:
    second = last in {"request", "stream"}
    verb = last if last in VERBS else ""
    if second and isinstance(given := file.argument(call, 0, "method"), ast.Constant):
        verb = str(given.value).lower()
    if last == "urlopen":
        verb = "get"
    url = next(
        (
            given
            for word in ADDRESS_KEYWORDS
            if (given := file.argument(call, 1 if second else 0, word)) is not None
        ),
        None,
    )
    return Sent(call, name, verb, url)


def _looks_like_request(call: ast.Call, name: str | None, file: SourceFile) -> bool:
    """A verb of something called session or client, awaited or entered, with an address."""
    if not isinstance(call.func, ast.Attribute) or (name and _NOT_HTTP.match(name)):
        return False
    if not _CLIENT_NAME.search(_last(call.func.value)):
        return False
    if not isinstance(file.parent(call), (ast.Await, ast.withitem)):
        return False
    return bool(call.args) or any(given.arg == "url" for given in call.keywords)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
