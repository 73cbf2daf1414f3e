"""Markdown as GitHub shows it: tables, task lists, alerts, suggestions, and little HTML."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

TAGS = frozenset(
    [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "input",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
VOID = frozenset({"br", "hr", "img", "input"})
ATTRIBUTES = frozenset(
    {
        "href",
        "src",
        "alt",
        "title",
        "class",
        "open",
        "align",
        "width",
        "type",
        "checked",
        "disabled",
        "start",
    }
)
ALERT = re.compile(r"<blockquote>\s*<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
TASK = re.compile(r"<li>(\s*<p>)?\[([ xX])\] ")


def rendered(text: str, suggested_over: Sequence[str] = ()) -> str:
    """Return safe HTML. `suggested_over` are the lines that a suggestion block would replace."""
    raw = _markdown().render(text, {"over": list(suggested_over)})
    raw = TASK.sub(_task, raw)
    raw = ALERT.sub(_alert, raw)
    cleaner = _Cleaner()
    cleaner.feed(raw)
    cleaner.close()
    return "".join(cleaner.out)


def highlighted(code: str, language: str = "python") -> str:
    """Return code as HTML spans, in one piece."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return html.escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


def diff_row(kind: str, left: object, right: object, code: str) -> str:
    """Return one row of a diff table; `kind` is `add`, `del` or `ctx`."""
    sign = {"add": "+", "del": "-", "ctx": " "}[kind]
    numbers = f'<td class="n">{left or ""}</td><td class="n">{right or ""}</td>'
    return f'<tr class="{kind}">{numbers}<td class="src"><span class="s">{sign}</span>{highlighted(code)}</td></tr>'


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.add_render_rule("fence", _fence)
    return markdown


def _fence(_: object, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    language = token.info.split()[0] if token.info.strip() else ""
    if language == "suggestion":
        return _suggestion(env.get("over", []), token.content)
    body = highlighted(token.content, language) if language else html.escape(token.content)
    return f'<pre class="code"><code>{body}</code></pre>\n'


def _suggestion(over: Sequence[str], content: str) -> str:
    gone = [diff_row("del", None, None, line) for line in over]
    new = [diff_row("add", None, None, line) for line in content.removesuffix("\n").split("\n")]
    rows = "".join(gone + (new if content else []))
    head = '<div class="suggestion-head">Suggested change</div>'
    return (
        f'<div class="suggestion">{head}<table class="diff"><tbody>{rows}</tbody></table></div>\n'
    )


def _task(match: re.Match[str]) -> str:
    checked = " checked" if match[2] in "xX" else ""
    return f'<li class="task">{match[1] or ""}<input type="checkbox" disabled{checked}> '


def _alert(match: re.Match[str]) -> str:
    kind = match[1]
    return f'<blockquote class="alert {kind.lower()}"><p class="alert-title">{kind.capitalize()}</p><p>'


class _Cleaner(HTMLParser):
    """Keeps the tags that GitHub keeps; comments vanish, the rest is shown as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.out.append(html.escape(self.get_starttag_text() or ""))
            return
        kept = [
            (name, value or "")
            for name, value in attrs
            if name in ATTRIBUTES and _is_safe(name, value or "")
        ]
        self.out.append(
            f"<{tag}{''.join(f' {name}="{html.escape(value)}"' for name, value in kept)}>"
        )

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.out.append(f"</{tag}>" if tag in TAGS else html.escape(f"</{tag}>"))

    def handle_data(self, data: str) -> None:
        self.out.append(html.escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")


def _is_safe(name: str, value: str) -> bool:
    return name not in ("href", "src") or value.startswith(
        ("http://", "https://", "#", "/", "mailto:")
    )
