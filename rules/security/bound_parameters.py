"""Rewrites a call with values pasted into its SQL to one with bound parameters."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.core import fixes
from rules.core.text import Text, TextReader
from rules.security.sql_texts import place_of

if TYPE_CHECKING:
    from rules.core.flow.sinks import Sink
    from rules.core.rule import Fix
    from rules.core.source import SourceFile

type Style = Literal["?", "%s", "$", ":"]
"""How a driver writes a parameter."""

_BY_MODULE: dict[str, Style] = {
    "sqlite3": "?",
    "aiosqlite": "?",
    "pyodbc": "?",
    "duckdb": "?",
    "asyncpg": "$",
    "psycopg": "%s",
    "psycopg2": "%s",
    "pymysql": "%s",
    "MySQLdb": "%s",
    "aiomysql": "%s",
    "mysql": "%s",
    "aiopg": "%s",
    "databases": ":",
    "sqlalchemy": ":",
    "sqlmodel": ":",
}
_PLAIN_OWNERS = re.compile(r"(^|_)(cursor|cur|conn|connection|con|db|c)$")
_METHODS = {"execute", "execute_fetchall", "fetch", "fetchrow", "fetchval"}


@dataclass(frozen=True, slots=True)
class _Bound:
    """An SQL text without values, as Python source, and the expressions of the values."""

    text: str
    values: list[tuple[str, str]]


def bound(file: SourceFile, sink: Sink, place: ast.expr) -> Fix | None:
    """The fix of a call whose own argument has holes for values only; None when unsure."""
    if not isinstance(place, ast.Call) or len(place.args) != 1 or place.keywords:
        return None
    if not isinstance(place.func, ast.Attribute) or place.func.attr not in _METHODS:
        return None
    style = _style(file, sink, place)
    text = TextReader(lambda _: None).read(sink.value)
    if style is None or text is None or not text.holes:
        return None
    if place is not sink.call and (style != ":" or len(sink.call.args) != 1 or sink.call.keywords):
        return None
    made = _bind(file, text, style)
    return fixes.expression(_call(file, sink, place, made, style)) if made else None


def _style(file: SourceFile, sink: Sink, call: ast.Call) -> Style | None:
    if sink.callee == "text":
        return ":" if call is not sink.call else None
    name = file.qualified_name(call.func) or ""
    root = name.split(".")[0]
    if root in _BY_MODULE and "." in name:
        style = _BY_MODULE[root]
        return None if root in {"sqlalchemy", "sqlmodel"} else style
    imported = {module.split(".")[0] for module in file.imported_modules} & set(_BY_MODULE)
    if len(imported) == 1 and "sqlalchemy" not in imported and "sqlmodel" not in imported:
        return _BY_MODULE[imported.pop()]
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    known = not imported and isinstance(owner, ast.Name) and _PLAIN_OWNERS.search(owner.id)
    return _style_in_use(file) if known else None


def _style_in_use(file: SourceFile) -> Style | None:
    """The style of the other SQL in the file; `?` when there is none."""
    for call in file.calls("execute", "fetch", "fetchrow", "fetchone", "fetchall"):
        text = file.constant_text(call.args[0]) if call.args else None
        if text and re.search(r"\s:\w+|%s|%\(|\$\d", text):
            return None
    return "?"


def _bind(file: SourceFile, text: Text, style: Style) -> _Bound | None:
    """The text with parameters for holes, quotes around them taken away."""
    parts = list(text.parts)
    values: list[tuple[str, str]] = []
    made = ""
    index = 0
    while index < len(parts):
        part = parts[index]
        if isinstance(part, str):
            made += part
            index += 1
            continue
        place = place_of(
            made, "".join(p if isinstance(p, str) else "x" for p in parts[index + 1 :])
        )
        if place == "quoted":
            taken = _quoted(file, made, parts, index)
            if taken is None:
                return None
            made, value, index = taken
        elif place == "value" and not made.rstrip().endswith("("):
            value, index = _bare_value(file, part), index + 1
        else:
            return None
        name = _parameter_name(value, len(values), [known for known, _ in values])
        values.append((name, value))
        made += {"?": "?", "%s": "%s", "$": f"${len(values)}", ":": f":{name}"}[style]
    return _Bound(_literal(made), values)


def _quoted(
    file: SourceFile, made: str, parts: list[str | ast.expr], index: int
) -> tuple[str, str, int] | None:
    """Text before the quote, the value as source, and the index of the rest after the quote."""
    before, _, opening = made.rpartition("'")
    inside: list[str | ast.expr] = [opening] if opening else []
    while index < len(parts):
        part = parts[index]
        if not isinstance(part, str):
            inside.append(part)
            index += 1
            continue
        head, quote, rest = part.partition("'")
        if not quote:
            inside.append(part)
            index += 1
            continue
        if rest.startswith("'") or re.search(r"interval\s*$", before, re.IGNORECASE):
            return None
        inside.append(head)
        parts[index] = rest
        return before, _value(file, [piece for piece in inside if piece != ""]), index
    return None


def _value(file: SourceFile, pieces: list[str | ast.expr]) -> str:
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return _bare_value(file, pieces[0])
    inner = "".join(
        piece.replace("{", "{{").replace("}", "}}").replace("\\", "\\\\").replace('"', '\\"')
        if isinstance(piece, str)
        else "{" + " ".join(file.source(piece).split()) + "}"
        for piece in pieces
    )
    return f'f"{inner}"'


def _bare_value(file: SourceFile, node: ast.expr) -> str:
    return " ".join(file.source(node).split())


def _parameter_name(value: str, number: int, taken: list[str]) -> str:
    words = re.findall(r"[a-z_][a-z0-9_]*", value.split("(", maxsplit=1)[0].lower())
    name = words[-1] if words else ""
    return name if name and name not in taken and name != "f" else f"value_{number + 1}"


def _literal(text: str) -> str:
    text = text.replace("\\", "\\\\")
    if "\n" in text:
        return '"""' + text.replace('"""', '\\"\\"\\"') + '"""'
    return '"' + text.replace('"', '\\"') + '"'


def _call(file: SourceFile, sink: Sink, place: ast.Call, made: _Bound, style: Style) -> str:
    text = made.text
    if place is not sink.call:
        text = f"{file.source(sink.call.func)}({text})"
    values = ", ".join(value for _, value in made.values)
    match style:
        case "$":
            given = values
        case ":":
            given = "{" + ", ".join(f'"{name}": {value}' for name, value in made.values) + "}"
        case _:
            given = f"({values},)" if len(made.values) == 1 else f"({values})"
    return f"{file.source(place.func)}({text}, {given})"


__all__ = ["Style", "bound"]
