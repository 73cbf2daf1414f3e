"""API404."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.tradingview import EMBED, LEGACY, widget_texts
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.text import Text

_CONTAINER = re.compile(r"[\"']?container_id[\"']?\]?\s*[:=]")


@rule("API404", on=ast.Module, severity=Severity.SUGGESTION, silent_in=(FileKind.TEST,))
def tradingview_config_mismatch(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A TradingView widget is configured like one of the other family.

    The scripts under `external-embedding` read their own text, strict JSON, and draw where they
    stand: `container_id` means nothing to them. `new TradingView.widget({...})` of `tv.js` draws
    into the element that `container_id` names, and without it nowhere.

    ```python
    BASE = "https://s3.tradingview.com/external-embedding"
    EMBEDDED = f'<script src="{BASE}/embed-widget-ticker.js">{{"container_id": "chart"}}</script>'  # finding
    LEGACY = '<script>new TradingView.widget({"symbol": "NASDAQ:AAPL"})</script>'  # finding
    ```

    Each with its own keys:

    ```python
    EMBEDDED = '''
    <script src="https://s3.tradingview.com/external-embedding/embed-widget-ticker.js">
    {"symbol": "NASDAQ:AAPL"}
    </script>
    '''
    LEGACY = '''
    <div id="chart"></div>
    <script src="https://s3.tradingview.com/tv.js"></script>
    <script>new TradingView.widget({"symbol": "NASDAQ:AAPL", "container_id": "chart"})</script>
    '''
    ```
    """
    for text in widget_texts(file):
        told = _mismatch(text)
        if told:
            yield Problem(text.node, told)


def _mismatch(text: Text) -> str:
    whole = text.with_holes("?")
    embedded, legacy = EMBED in whole, LEGACY in whole
    named = _CONTAINER.search(whole) is not None
    if embedded and not legacy and named:
        return (
            "`container_id` belongs to `tv.js`; an `external-embedding` script draws where it stands and"
            " ignores it. Take it out."
        )
    if (
        legacy
        and not embedded
        and not named
        and not any(not isinstance(part, str) for part in text.parts)
    ):
        return (
            "`TradingView.widget` without `container_id` has no element to draw into. Give the id of one"
            " that is on the page."
        )
    return ""
