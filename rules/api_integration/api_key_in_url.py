"""API106."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import Sent, address, calls_of, requests_sent
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.key_headers import KEY_HEADERS, QUERY_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

_IN_ADDRESS = re.compile(
    r"[?&](api_?key|apikey|key|token|access_token|auth_token|secret|apitoken)=$", re.IGNORECASE
)
_WRITTEN_OUT = re.compile(
    r"[?&](api_?key|apikey|access_token|auth_token|secret|apitoken)=[A-Za-z0-9_-]{16,}",
    re.IGNORECASE,
)
_NAME = re.compile(r"^(api_?key|apikey|key|token|access_token|auth_token)$", re.IGNORECASE)
_LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "print"}


@rule("API106", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def api_key_in_url(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A key travels in the address of a request, from where it leaks.

    Addresses are written into logs of clients, proxies and servers, and into the text of
    exceptions (`httpx.HTTPStatusError` names the whole URL). A header stays out of all of them.

    ```python
    import httpx

    URL = "https://newsapi.org/v2/everything"


    async def news(client: httpx.AsyncClient, q: str, key: str) -> str:
        response = await client.get(URL, params={"q": q, "apiKey": key})  # finding
        return response.text
    ```

    ```python fixed
    import httpx

    URL = "https://newsapi.org/v2/everything"


    async def news(client: httpx.AsyncClient, q: str, key: str) -> str:
        response = await client.get(URL, params={"q": q}, headers={"X-Api-Key": key})
        return response.text
    ```

    Built into the address, and worse where that is logged:

    ```python
    import logging

    import requests

    logger = logging.getLogger(__name__)


    def news(key: str) -> str:
        url = f"https://newsapi.org/v2/everything?q=rates&apiKey={key}"
        return requests.get(url, timeout=5).text  # finding: warning


    def quote(token: str) -> str:
        url = f"https://data.example.com/quote?token={token}"
        logger.info("asking %s", url)
        return requests.get(url, timeout=5).text  # finding: critical
    ```

    A header is the place for it; some services leave no choice:

    ```python
    import requests


    def news(key: str) -> str:
        url = "https://newsapi.org/v2/everything"
        return requests.get(url, headers={"X-Api-Key": key}, timeout=5).text


    def daily(key: str) -> str:
        url = f"https://www.alphavantage.co/query?function=DAILY&apikey={key}"
        return requests.get(url, timeout=5).text
    ```
    """
    for sent in requests_sent(file):
        if sent.url is None:
            continue
        where = address(sent, file)
        if any(host in where for host in QUERY_ONLY):
            continue
        yield from _in_address(sent, where, file)
        yield from _in_parameters(sent, where, file)


def _in_address(sent: Sent, where: str, file: SourceFile) -> Iterator[Problem]:
    text = file.text_of(sent.url) if sent.url is not None else None
    if text is None:
        return
    for part in text.parts:
        if isinstance(part, str):
            found = _WRITTEN_OUT.search(part)
        else:
            found = None if _is_page_token(part, file) else _IN_ADDRESS.search(text.before(part))
        if found is None or (found[1].lower() == "token" and _ONE_TIME.search(where)):
            continue
        logged = _logs(sent, file)
        yield Problem(
            sent.call,
            f"`{found[1]}` is part of the address{', which is logged here' if logged else ''}:"
            f" logs and error texts will show the key. Send it in {_header(where)}.",
            severity=Severity.CRITICAL if logged else Severity.WARNING,
        )
        return


def _in_parameters(sent: Sent, where: str, file: SourceFile) -> Iterator[Problem]:
    header = next((name for host, name in KEY_HEADERS.items() if host in where), "")
    given = sent.keyword("params")
    if not header or given is None:
        return
    literal = given if isinstance(given, ast.Dict) else None
    if literal is None and isinstance(given, (ast.Name, ast.Attribute)):
        value = file.value(given)
        literal = value if isinstance(value, ast.Dict) else None
    for key in literal.keys if literal is not None else ():
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and _NAME.match(key.value):
            direct = literal is given
            yield Problem(
                sent.call if direct else given,
                f"`{key.value}` in `params` becomes part of the address: logs and error texts will"
                f" show it. Send it in {_header(where)}.",
                fix=_moved(key.value, header, sent) if direct else None,
            )


_ONE_TIME = re.compile(r"verify|confirm|magic|reset|invite|activat|unsubscribe", re.IGNORECASE)
"""Addresses whose token is meant to be followed once, from a mail."""


def _header(where: str) -> str:
    name = next((name for host, name in KEY_HEADERS.items() if host in where), "")
    return f"the `{name}` header" if name else "a header"


def _is_page_token(hole: ast.expr, file: SourceFile) -> bool:
    """Whether the name says that it is a position in a list, or a coin, and no secret."""
    return re.search(r"page|next|cursor|symbol|_id\b|address|mint", file.source(hole)) is not None


def _logs(sent: Sent, file: SourceFile) -> bool:
    """Whether the variable that holds the address goes to a log in the same function."""
    if not isinstance(sent.url, ast.Name):
        return False
    function = file.enclosing_function(sent.call)
    for call in calls_of(_LOGGED, file):
        if file.enclosing_function(call) is function and any(
            isinstance(name, ast.Name) and name.id == sent.url.id
            for argument in call.args
            for name in file.within(argument)
        ):
            return True
    return False


def _moved(key: str, header: str, sent: Sent) -> Fix | None:
    """The key taken out of `params` and put into `headers`, when there are none yet."""
    if sent.keyword("headers") is not None or any(k.arg is None for k in sent.call.keywords):
        return None

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        arguments: list[cst.Arg] = []
        for given in node.args:
            moved = _without(given, key) if _is_params(given) else None
            if moved is None:
                arguments.append(given)
                continue
            rest, value = moved
            kept = [rest] if rest is not None else []
            arguments += [*kept, _headers(header, value, given)]
        if len(arguments) == len(node.args) + 1:
            at = next(i for i, item in enumerate(arguments) if _is_params(item))
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            arguments[at] = arguments[at].with_changes(
                comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")
            )
        return node.with_changes(args=arguments)

    return rewrite


def _is_params(given: cst.Arg) -> bool:
    return given.keyword is not None and given.keyword.value == "params"


def _without(given: cst.Arg, key: str) -> tuple[cst.Arg | None, cst.BaseExpression] | None:
    """`params` without the key, None when nothing is left in it, and the key's value."""
    import libcst as cst

    if not isinstance(given.value, cst.Dict):
        return None
    kept: list[cst.BaseDictElement] = []
    value: cst.BaseExpression | None = None
    for element in given.value.elements:
        name = element.key if isinstance(element, cst.DictElement) else None
        if isinstance(name, cst.SimpleString) and name.evaluated_value == key:
            value = element.value
        else:
            kept.append(element)
    if value is None:
        return None
    if not kept:
        return None, value
    kept[-1] = kept[-1].with_changes(comma=given.value.elements[-1].comma)
    return given.with_changes(value=given.value.with_changes(elements=kept)), value


def _headers(header: str, value: cst.BaseExpression, after: cst.Arg) -> cst.Arg:
    import libcst as cst

    made = cst.Dict([cst.DictElement(cst.SimpleString(f'"{header}"'), value)])
    return after.with_changes(keyword=cst.Name("headers"), value=made)
