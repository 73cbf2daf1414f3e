"""API401."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.tradingview import widget_texts
from rules.core import fixes
from rules.core.flow.tracing import flow_of
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_ESCAPED = re.compile(r"u003c|escape\(|\btojson\b|json_script|bleach|quote\(")


@rule("API401", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def tradingview_injection(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A value is put into the script of a TradingView widget as it is.

    A symbol with a quote ends the JSON, and one with `</script>` ends the script: what follows
    runs in the page of whoever opens the link. `json.dumps` alone does not help against the
    second; replace `<` by `\\\\u003c` as well, and accept only what looks like a symbol.

    ```python
    from fastapi import APIRouter
    from fastapi.responses import HTMLResponse

    router = APIRouter()
    SRC = "https://s3.tradingview.com/external-embedding/embed-widget-advanced-chart.js"


    @router.get("/chart", response_class=HTMLResponse)
    async def chart(symbol: str) -> str:
        return f'<script src="{SRC}">{{"symbol": "{symbol}"}}</script>'  # finding: critical
    ```

    As JSON, but with nothing done about `<`:

    ```python
    import json

    SRC = "https://s3.tradingview.com/external-embedding/embed-widget-advanced-chart.js"


    def widget(settings: dict[str, str]) -> str:
        config = json.dumps(settings)  # finding: warning
        return f'<script src="{SRC}">{config}</script>'
    ```

    ```python fixed
    import json

    SRC = "https://s3.tradingview.com/external-embedding/embed-widget-advanced-chart.js"


    def widget(settings: dict[str, str]) -> str:
        config = json.dumps(settings).replace("<", "\\\\u003c")
        return f'<script src="{SRC}">{config}</script>'
    ```

    Checked and escaped:

    ```python
    import json
    from typing import Annotated

    from fastapi import APIRouter, Query
    from fastapi.responses import HTMLResponse

    router = APIRouter()
    SRC = "https://s3.tradingview.com/external-embedding/embed-widget-advanced-chart.js"


    @router.get("/chart", response_class=HTMLResponse)
    async def chart(symbol: str) -> str:
        config = json.dumps({"symbol": symbol}).replace("<", "\\\\u003c")
        return f'<script src="{SRC}">{config}</script>'


    @router.get("/small", response_class=HTMLResponse)
    async def small(
        symbol: Annotated[str, Query(pattern=r"^[A-Z0-9_.!-]+:[A-Z0-9_.!-]+$")],
    ) -> str:
        return (
            f'<script src="{SRC}">{{"symbol": "{symbol}", "height": {300 + 100}}}</script>'
        )
    ```
    """
    flow = flow_of(file)
    for text in widget_texts(file):
        for hole in text.holes:
            if not isinstance(hole, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BoolOp)):
                continue
            if (
                _is_escaped(hole, file)
                or _has_pattern(hole, file)
                or flow.is_harmless(hole, "html")
            ):
                continue
            origin = flow.request_data(hole, "html")
            if origin is None and flow.is_checked(hole, "html"):
                continue
            dumped = _dumps(hole, file)
            critical = origin is not None
            yield Problem(
                dumped or text.node,
                _message(hole, origin.label() if origin else "", dumped is not None, file),
                severity=Severity.CRITICAL if critical else Severity.WARNING,
                fix=_without_ends(dumped, file) if dumped is not None else None,
                trace=origin.trace if origin else (),
            )
            break


def _message(hole: ast.expr, origin: str, dumped: bool, file: SourceFile) -> str:  # noqa: FBT001 a part of the text
    shown = file.source(hole)
    name = f"`{shown}`" if len(shown) <= 40 and "\n" not in shown else "This value"
    whence = f" ({origin})" if origin else ""
    if dumped:
        return (
            f"{name}{whence} is JSON inside a `<script>`, which `</script>` in a value ends early. Add"
            ' `.replace("<", "\\\\u003c")`.'
        )
    return (
        f"{name}{whence} goes into the widget's script as it is: a quote or `</script>` in it runs code in"
        " the page. Use `json.dumps(...)` with `<` escaped."
    )


def _is_escaped(hole: ast.expr, file: SourceFile) -> bool:
    if _ESCAPED.search(file.source(hole)):
        return True
    if isinstance(hole, (ast.Name, ast.Attribute)):
        return any(_ESCAPED.search(file.source(value)) for value in file.values(hole))
    return False


def _has_pattern(hole: ast.expr, file: SourceFile) -> bool:
    """Whether FastAPI checks the parameter against a pattern, or it is one of a few words."""
    if not isinstance(hole, ast.Name):
        return False
    for binding in file.names.reaching(hole):
        told = " ".join(
            file.source(item) for item in (binding.annotation, binding.value) if item is not None
        )
        if re.search(r"pattern=|regex=|Literal\[|constr\(|\b(int|float|bool)\b|Enum", told):
            return True
    return False


def _dumps(hole: ast.expr, file: SourceFile) -> ast.Call | None:
    """The `json.dumps(...)` that made the value."""
    value = file.value(hole) if isinstance(hole, (ast.Name, ast.Attribute)) else hole
    if isinstance(value, ast.Call) and file.qualified_name(value.func) == "json.dumps":
        return value
    return None


def _without_ends(dumped: ast.Call, file: SourceFile) -> Fix | None:
    if any(isinstance(parent, ast.JoinedStr) for parent in file.ancestors(dumped)):
        return None
    return fixes.expression(f'{file.source(dumped)}.replace("<", "\\\\u003c")')
