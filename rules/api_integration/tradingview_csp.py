"""API403."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.tradingview import EMBED, LEGACY
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_DIRECTIVE = re.compile(r"\b(script-src|frame-src|child-src|default-src)\s+([^;]*)")
_EVERYTHING = re.compile(r"(^|\s)\*(\s|$)|'unsafe-eval'|(^|\s)https:(\s|$)")


@rule("API403", on=ast.Module, severity=Severity.SUGGESTION, silent_in=(FileKind.TEST,))
def tradingview_csp(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A page with a TradingView widget has a content security policy that does not fit it.

    The widget needs a script from `s3.tradingview.com` and a frame from
    `www.tradingview-widget.com`. A policy without them leaves an empty box, one with `*` lets
    every other script in as well.

    ```python
    SRC = "https://s3.tradingview.com/external-embedding/embed-widget-ticker.js"
    POLICY = "default-src 'self'; script-src 'self'"  # finding
    OPEN = "script-src *; frame-src *"  # finding
    HEADERS = {"Content-Security-Policy": POLICY}
    ```

    With just what it needs:

    ```python
    SRC = (
        "https://s3.tradingview.com/external-embedding/embed-widget-mini-symbol-overview.js"
    )
    POLICY = (
        "default-src 'self'; script-src 'self' https://s3.tradingview.com; "
        "frame-src https://www.tradingview-widget.com https://s.tradingview.com"
    )
    HEADERS = {"Content-Security-Policy": POLICY}
    ```
    """
    if "-src" not in file.text or not (
        f"tradingview.com/{EMBED}" in file.text
        or LEGACY in file.text
        or "tradingview.com/tv.js" in file.text
    ):
        return
    for node in (*file.of(ast.Constant), *file.of(ast.JoinedStr), *file.of(ast.BinOp)):
        parent = file.parent(node)
        if isinstance(parent, (ast.JoinedStr, ast.BinOp, ast.FormattedValue, ast.Expr)):
            continue
        policy = file.constant_text(node) if not isinstance(node, ast.Constant) else node.value
        if isinstance(policy, str) and (told := _fault(policy)):
            yield Problem(node, told)


def _fault(policy: str) -> str:
    directives = dict(_DIRECTIVE.findall(policy))
    if not directives.keys() & {"script-src", "default-src"}:
        return ""
    scripts = directives.get("script-src", directives.get("default-src", ""))
    if _EVERYTHING.search(scripts):
        return (
            "This policy lets scripts in from anywhere for the sake of a widget. Allow"
            " `https://s3.tradingview.com` and, in `frame-src`, `https://www.tradingview-widget.com`."
        )
    frames = directives.get(
        "frame-src", directives.get("child-src", directives.get("default-src", ""))
    )
    missing = [
        name
        for name, allowed in (("script-src https://s3.tradingview.com", scripts),
                              ("frame-src https://www.tradingview-widget.com", frames))
        if allowed and "tradingview" not in allowed and "nonce-" not in allowed
    ]  # fmt: skip
    if missing:
        return f"The widget of this file stays empty under this policy: it wants `{'; '.join(missing)}`."
    return ""
