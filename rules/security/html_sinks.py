"""Where a file makes HTML: responses, markup, routes that answer with HTML, templates."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.flow.sinks import sinks
from rules.tables.sinks import HTML_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_RESPONSES = {"Response", "StreamingResponse", "make_response", "PlainTextResponse"}
_HTML = "text/html"
_WORDS = {*HTML_NAMES, "Template", "Environment", "from_string", *_RESPONSES}


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A value that a browser will read as HTML; `node` is where to report it."""

    node: ast.expr
    value: ast.expr
    callee: str


def is_about_html(file: SourceFile) -> bool:
    """Whether the file can have anything to do with HTML, told from its text."""
    text = file.text
    return (
        _HTML in text or "HTML" in text or "Markup" in text or ("<" in text and "html" in text)
    ) and (not _WORDS.isdisjoint(file.called_names) or "HTMLResponse" in text)


def pages(file: SourceFile) -> Iterator[Page]:
    """Everything in the file that is sent or marked as HTML."""
    for sink in sinks(file, "html"):
        yield Page(sink.call, sink.value, sink.callee)
    present = _RESPONSES & file.called_names
    if present and _HTML in file.text:
        for call in file.calls(*sorted(present)):
            value = file.argument(call, 0, "content")
            if value is not None and _is_html(call):
                yield Page(call, value, "Response")
    yield from _returned(file)


def _is_html(call: ast.Call) -> bool:
    return any(
        keyword.arg in {"media_type", "mimetype", "content_type", "headers"}
        and any(
            isinstance(node, ast.Constant) and isinstance(node.value, str) and _HTML in node.value
            for node in ast.walk(keyword.value)
        )
        for keyword in call.keywords
    )


def _returned(file: SourceFile) -> Iterator[Page]:
    """The texts that routes with `response_class=HTMLResponse` return."""
    for route in file.routes:
        class_ = file.qualified_name(file.argument(route.call, 99, "response_class"))
        if class_ != "fastapi.responses.HTMLResponse":
            continue
        for node in file.body(route.function):
            if (
                isinstance(node, ast.Return)
                and node.value is not None
                and not _is_response(node.value)
            ):
                yield Page(node.value, node.value, route.label())


def _is_response(node: ast.expr) -> bool:
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return False
    last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return last.endswith("Response")


def templates_without_escaping(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    """Jinja environments and templates of HTML that do not escape."""
    present = {"Environment", "Template", "from_string"} & file.called_names
    if not present or not file.imports("jinja2"):
        return
    for call in file.calls(*sorted(present)):
        name = file.qualified_name(call.func) or ""
        if name.endswith("jinja2.Environment") or name == "jinja2.environment.Environment":
            given = file.argument(call, 99, "autoescape")
            off = given is not None and file.literal(given) is False
            if (off or given is None) and _renders_html(file) and not _has_own_marks(call):
                yield call, "`jinja2.Environment` without `autoescape`"
        elif name == "jinja2.Template" and call.args:
            text = file.constant_text(call.args[0]) or ""
            if (
                "<" in text
                and "</" in text
                and "{{" in text
                and "autoescape" not in ast.unparse(call)
            ):
                yield call, "`jinja2.Template`, which does not escape,"


def _has_own_marks(call: ast.Call) -> bool:
    """Whether other marks than `{{` are set: what it renders is code or LaTeX, not HTML."""
    return any(keyword.arg == "variable_start_string" for keyword in call.keywords)


def _renders_html(file: SourceFile) -> bool:
    return '.html"' in file.text or ".html'" in file.text or "HTMLResponse" in file.text
