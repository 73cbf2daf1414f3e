"""The texts of a file that embed a TradingView widget."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.text import Text

EMBED = "external-embedding"
LEGACY = "TradingView.widget"


def embeds_widget(file: SourceFile) -> bool:
    """Whether the file has the address of a widget's script, or calls its constructor."""
    return "tradingview" in file.lowered and (
        "<script" in file.text or LEGACY in file.text or EMBED in file.text
    )


def widget_texts(file: SourceFile) -> Iterator[Text]:
    """Every text of the file that puts a widget on a page, outermost expressions only."""
    if not embeds_widget(file):
        return
    for node in (
        *file.of(ast.JoinedStr),
        *file.of(ast.BinOp),
        *file.of(ast.Call),
        *file.of(ast.Constant),
    ):
        if _is_part(node, file) or not _may_be_text(node):
            continue
        text = file.text_of(node)
        if text is not None and _is_widget(text.with_holes("?")):
            yield text


def _may_be_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, str) and len(value) > 20
        case ast.Call(func=ast.Attribute(attr="format" | "replace")):
            return True
        case ast.JoinedStr() | ast.BinOp():
            return True
        case _:
            return False


def _is_part(node: ast.expr, file: SourceFile) -> bool:
    """Whether the node is a piece of a longer text, which is looked at itself."""
    parent = file.parent(node)
    if isinstance(parent, (ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.Expr)):
        return True
    return isinstance(parent, ast.Attribute) and parent.attr in {"format", "replace"}


def _is_widget(text: str) -> bool:
    lowered = text.lower()
    return "tradingview" in lowered and ("<script" in lowered or LEGACY.lower() in lowered)
