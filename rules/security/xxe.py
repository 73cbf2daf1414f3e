"""SEC120."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

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
} | {"lxml.etree.parse": 0, "lxml.etree.fromstring": 0, "lxml.etree.XML": 0, "xmltodict.parse": 0}
_SAFE_BY_DEFAULT = {"xmltodict.parse"}


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

    A few lines of nested entities grow to gigabytes of memory, and `lxml` also reads files that an
    entity names. `defusedxml` refuses both.

    ```python
    from xml.etree import ElementTree

    import httpx


    def feed(url: str):
        answer = httpx.get(url)
        return ElementTree.fromstring(answer.text)  # finding
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
    if name not in _PARSERS or name in _SAFE_BY_DEFAULT or not call.args or _has_own_parser(call):
        return
    origin = flow_of(file).outside_data(call.args[0])
    if origin is None:
        return
    yield Problem(
        call,
        f"`{name}` expands entities in XML from {origin.label()}: a small text can fill the memory. Parse it"
        " with `defusedxml`.",
        confidence=Confidence.MEDIUM,
        trace=origin.trace,
    )


def _has_own_parser(call: ast.Call) -> bool:
    """Whether a parser with its own settings is given, as `XMLParser(resolve_entities=False)`."""
    return any(keyword.arg == "parser" for keyword in call.keywords) or len(call.args) > 1
