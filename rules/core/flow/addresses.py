"""Which part of an address decides where a request goes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.flow.tracing import flow_of

if TYPE_CHECKING:
    from rules.core.flow.origins import Use
    from rules.core.source import SourceFile

_COMPLETE = re.compile(r"^(https?|wss?|ftp)://[^/?#]+[/?#]", re.IGNORECASE)
_LOCAL = re.compile(r"^/(?![/\\])")


def chosen_host(file: SourceFile, value: ast.expr, use: Use) -> ast.expr | None:
    """The expression that can decide the host of an address; None when a constant does.

    In `f"{BASE}/x/{slug}"` that is `BASE`, in `f"https://{host}/x"` it is `host`, in
    `f"/markets/{slug}"` nothing is.
    """
    if isinstance(value, ast.Name):
        value = _begun(file, value)
    if isinstance(value, (ast.Name, ast.Attribute)):
        values = file.values(value)
        if len(values) == 1 and file.text_of(values[0]) is not None:
            value = values[0]
    text = file.text_of(value)
    if text is None or text.parts == (value,):
        return value
    before = ""
    for part in text.parts:
        if isinstance(part, str):
            before += part
            continue
        if _COMPLETE.match(before) or (_LOCAL.match(before) and len(before) > 1):
            return None
        if not before:
            return part if flow_of(file).origin(part, use) or text.parts[0] is part else None
        return part if flow_of(file).origin(part, use) else None
    return None


def _begun(file: SourceFile, name: ast.Name) -> ast.expr:
    """What a text that grows by `+=` began with; the name itself when it does not grow."""
    bindings = flow_of(file).reaching.of(name)
    begun = [b for b in bindings if not isinstance(file.parent(b.node), ast.AugAssign)]
    if len(begun) == 1 and len(begun) < len(bindings) and begun[0].kind == "assign":
        return begun[0].value or name
    return name


__all__ = ["chosen_host"]
