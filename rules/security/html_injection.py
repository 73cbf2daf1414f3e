"""SEC119."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.flow.across_files import deliveries
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.built_texts import Open, parts_of
from rules.security.html_sinks import Page, is_about_html, pages, templates_without_escaping
from rules.security.javascript_texts import quoted_values
from rules.security.sql_values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.flow.origins import Origin
    from rules.core.source import SourceFile

_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*[\s/>]|<!doctype", re.IGNORECASE)

_OWN = re.compile(
    r"^(app|settings|config|self\.app)\.|(^|_)(title|favicon|css|js|style|class|colou?r|width|height|lang|version"
    r"|theme|icon)(_|$)|_url$"
)
"""What an app says of itself and of its own pages."""


@rule(
    "SEC119",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S701", "ruff:S704", "bandit:B701", "codeql:py/reflective-xss"),
)
def html_injection(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A value is put into HTML without being escaped.

    `<script>` in it runs in the browser of whoever opens the page, with their session. Escape it
    by `html.escape`, or use a template that escapes.

    ```python
    from fastapi import APIRouter
    from fastapi.responses import HTMLResponse

    router = APIRouter()


    @router.get("/hello")
    async def hello(name: str):
        return HTMLResponse(f"<h1>Hello {name}</h1>")  # finding: critical


    @router.get("/chart", response_class=HTMLResponse)
    async def chart(symbol: str):
        page = "<script>draw('%s')</script>" % symbol  # finding: critical
        return page
    ```

    What another service sent is no better:

    ```python
    import httpx
    from fastapi.responses import HTMLResponse


    async def news(client: httpx.AsyncClient):
        articles = (await client.get("https://newsapi.org/v2/everything")).json()
        rows = "".join(f"<li>{article['title']}</li>" for article in articles)  # finding
        return HTMLResponse("<ul>" + rows + "</ul>")
    ```

    JavaScript that is sent to a browser is no better than a page:

    ```python
    from nicegui import ui


    def scroll(fragment: str) -> None:
        ui.run_javascript(f'document.querySelector("#{fragment}").focus()')  # finding
    ```

    Escaped values, numbers and constants are fine:

    ```python
    from html import escape

    from fastapi import APIRouter
    from fastapi.responses import HTMLResponse

    router = APIRouter()
    TITLE = "Markets"


    @router.get("/hello")
    async def hello(name: str, page: int):
        return HTMLResponse(f"<h1>{TITLE}</h1><p>{escape(name)}, page {page}</p>")
    ```
    """
    for call, value in quoted_values(file):
        yield Problem(
            call,
            f"`{shown(file, value)}` stands inside quotes of JavaScript: a quote in it ends the text and the rest"
            " runs in the reader's browser. Put `json.dumps(...)` there instead.",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )
    for delivery in deliveries(file, "html"):
        origin = delivery.origin
        if delivery.way.sink.callee == "MIMEText" and "html" in origin.name.lower():
            continue  # Who writes a letter in HTML means it as HTML.
        yield Problem(
            delivery.call,
            f"`{delivery.callee}` puts {origin.label()} into HTML unescaped by {delivery.way.place}: a script in it"
            " runs in the reader's browser. Escape it with `html.escape`.",
            confidence=origin.confidence,
            trace=delivery.trace,
        )
    if not is_about_html(file):
        return
    said: set[ast.expr] = set()
    for page in pages(file):
        for place, problem in _in_page(file, page):
            if place not in said:
                said.add(place)
                yield problem
    for call, what in templates_without_escaping(file):
        yield Problem(
            call,
            f"{what} puts values into HTML as they are: `<script>` in one runs in the reader's browser."
            " Set `autoescape=True`.",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )


def _in_page(file: SourceFile, page: Page) -> Iterator[tuple[ast.expr, Problem]]:
    if _is_text_again(file, page):
        return
    parts = parts_of(file, page.value)
    is_built = any(isinstance(part, str) and _TAG.search(part) for part in parts)
    for part in parts:
        if not isinstance(part, Open):
            continue
        origin = flow_of(file).origin(part.node, "html")
        if origin is None or flow_of(file).is_harmless(part.node, "html"):
            continue
        if origin.kind == "parameter" and not (is_built and _is_inside(part)):
            continue
        if origin.kind == "parameter" and not _is_foreign(part.node, file):
            continue
        place = _place(page, part)
        yield place, _problem(file, place, part.node, origin, page, built=is_built)


def _is_foreign(node: ast.expr, file: SourceFile) -> bool:
    """Whether what unknown callers give may come from elsewhere: no markup, no title of the app."""
    name = shown(file, node).lower()
    return "html" not in name and _OWN.search(name) is None


def _is_text_again(file: SourceFile, page: Page) -> bool:
    """`Markup(x).unescape()` and `.striptags()` are plain texts, which the next template escapes."""
    around = file.parent(page.node)
    return isinstance(around, ast.Attribute) and around.attr in {"unescape", "striptags"}


def _is_inside(part: Open) -> bool:
    return part.node is not part.fragment


def _place(page: Page, part: Open) -> ast.expr:
    """The sink when the value is written in it, otherwise the text that the value is written in."""
    sink = page.node
    start, end = (sink.lineno, sink.col_offset), (sink.end_lineno or 0, sink.end_col_offset or 0)
    inside = start <= (part.node.lineno, part.node.col_offset) < end
    return sink if inside or not _is_inside(part) else part.fragment


def _problem(
    file: SourceFile, place: ast.expr, hole: ast.expr, origin: Origin, page: Page, *, built: bool
) -> Problem:
    value = shown(file, hole)
    advice = "Escape it with `html.escape`, or render a template that does."
    if origin.kind == "parameter":
        return Problem(
            place,
            f"`{value}` goes into the HTML of `{page.callee}` unescaped; `<script>` in it runs in the"
            f" reader's browser. {advice}",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )
    bare_answer = origin.kind == "api" and not built
    return Problem(
        place,
        f"`{value}` goes into HTML unescaped and comes from {origin.label()}: a script in it runs in the"
        f" reader's browser. {advice}",
        severity=Severity.WARNING if bare_answer else Severity.CRITICAL,
        confidence=Confidence.HIGH if origin.sure and not bare_answer else Confidence.MEDIUM,
        trace=origin.trace,
    )
