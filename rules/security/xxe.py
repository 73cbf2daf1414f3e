"""SEC120."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.flow.tracing import flow_of
from rules.core.imported import local_name
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.call_edits import with_keywords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_PARSERS = {
    f"xml.{module}.{function}": 0
    for module, functions in {
        "etree.ElementTree": ("parse", "fromstring", "iterparse", "XML", "fromstringlist"),
        "etree.cElementTree": ("parse", "fromstring", "iterparse", "XML"),
        "dom.minidom": ("parse", "parseString"),
        "dom.pulldom": ("parse", "parseString"),
        "sax": ("parse", "parseString"),
    }.items()
    for function in functions
} | {"lxml.etree.parse": 0, "lxml.etree.fromstring": 0, "lxml.etree.XML": 0}


@rule(
    "SEC120",
    on=ast.Call,
    calls=("parse", "fromstring", "iterparse", "XML", "parseString", "fromstringlist"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S314", "ruff:S318", "ruff:S317", "bandit:B314", "codeql:py/xxe"),
)
def xxe(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """XML from outside is read by a parser that expands entities.

    A few lines of nested entities grow to gigabytes of memory where the expat library is older
    than 2.4.1, and `lxml` before version 5 also reads files that an entity names. `defusedxml`
    refuses both. What a client sends is a warning; the feed of a service that this code chose is
    a suggestion.

    ```python
    from fastapi import APIRouter, Request
    from lxml import etree

    router = APIRouter()


    @router.post("/orders")
    async def order(request: Request):
        body = await request.body()
        return etree.fromstring(body)  # finding: warning
    ```

    ```python fixed
    from fastapi import APIRouter, Request
    from lxml import etree

    router = APIRouter()


    @router.post("/orders")
    async def order(request: Request):
        body = await request.body()
        return etree.fromstring(body, parser=etree.XMLParser(resolve_entities=False))
    ```

    Where the file knows `defusedxml` already:

    ```python
    from xml.etree import ElementTree

    import httpx
    from defusedxml.ElementTree import fromstring


    def feed(url: str):
        answer = httpx.get(url)
        return ElementTree.fromstring(answer.text)  # finding: suggestion
    ```

    ```python fixed
    from xml.etree import ElementTree

    import httpx
    from defusedxml.ElementTree import fromstring


    def feed(url: str):
        answer = httpx.get(url)
        return fromstring(answer.text)
    ```

    With `defusedxml`, or for files of the program itself, it is fine:

    ```python
    from xml.etree import ElementTree

    import httpx
    from defusedxml.ElementTree import fromstring


    def feed(url: str):
        return fromstring(httpx.get(url).text)


    def icons():
        return ElementTree.parse("icons.svg")
    ```
    """
    name = file.qualified_name(call.func)
    if name not in _PARSERS or not call.args or _has_own_parser(call):
        return
    origin = flow_of(file).outside_data(call.args[0])
    if origin is None:
        return
    yield Problem(
        call,
        f"`{name}` expands entities in XML from {origin.label()}: a small text can fill the memory. Parse it"
        " with `defusedxml`.",
        fix=_defused(call, name, file),
        severity=None if origin.is_request else Severity.SUGGESTION,
        confidence=Confidence.MEDIUM,
        trace=origin.trace,
    )


def _defused(call: ast.Call, name: str, file: SourceFile) -> Fix | None:
    """A parser that leaves entities alone for `lxml`, `defusedxml` where the file imports it."""
    module, _, function = name.rpartition(".")
    if module == "lxml.etree":
        if not isinstance(call.func, ast.Attribute):
            return None
        owner = ast.unparse(call.func.value)
        return with_keywords({"parser": f"{owner}.XMLParser(resolve_entities=False)"})
    safe = f"defused{module}".replace("defusedxml.etree.", "defusedxml.")
    parse = local_name(file, safe, function)
    if parse is None and (owner := local_name(file, *safe.rsplit(".", 1))):
        parse = f"{owner}.{function}"
    arguments = ", ".join(file.source(argument) for argument in call.args)
    return fixes.expression(f"{parse}({arguments})") if parse is not None else None


def _has_own_parser(call: ast.Call) -> bool:
    """Whether a parser with its own settings is given, as `XMLParser(resolve_entities=False)`."""
    return any(keyword.arg == "parser" for keyword in call.keywords) or len(call.args) > 1
