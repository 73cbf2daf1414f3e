"""Values inside the quotes of JavaScript that Python builds and sends to a browser."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow.tracing import flow_of
from rules.security.built_texts import Open, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SENDERS = {"run_javascript", "execute_javascript", "runJavaScript"}


def quoted_values(file: SourceFile) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls that run JavaScript in a browser, with the first value that stands in its quotes."""
    present = _SENDERS & file.called_names
    if not present:
        return
    for call in file.calls(*sorted(present)):
        if call.args and (value := _quoted(file, call.args[0])) is not None:
            yield call, value


def _quoted(file: SourceFile, code: ast.expr) -> ast.expr | None:
    before = ""
    for part in parts_of(file, code):
        if not isinstance(part, Open):
            before += part
            continue
        if _is_inside_quotes(before) and not _is_safe(file, part.node):
            return part.node
        before += "x"
    return None


def _is_inside_quotes(before: str) -> bool:
    line = before.rsplit("\n", 1)[-1].replace('\\"', "").replace("\\'", "")
    return bool(line.count('"') % 2 or line.count("'") % 2 or before.count("`") % 2)


def _is_safe(file: SourceFile, node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in {"id", "_id", "html_id"}:
        return True
    if file.qualified_name(node) in {"int", "float", "bool"}:
        return True
    flow = flow_of(file)
    return flow.is_harmless(node, "html") or flow.is_checked(node, "html")
