"""Times whose zone is thrown away although the text they come from may have any offset."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_PARSERS = frozenset({
    "datetime.datetime.fromisoformat", "dateutil.parser.parse", "dateutil.parser.isoparse",
    "iso8601.parse_date", "ciso8601.parse_datetime", "aniso8601.parse_datetime",
    "django.utils.dateparse.parse_datetime",
})  # fmt: skip
_SAYS_UTC = re.compile(r"Z|UTC|GMT|[+-]00:?00|isoformat|utc", re.ASCII)
_OFFSET_READ = frozenset({"utcoffset", "astimezone"})
_SHOWN = frozenset({"strftime", "isoformat", "date", "time", "hour", "weekday", "day", "year"})


def drops_zone(call: ast.Call) -> bool:
    """Whether this is `x.replace(tzinfo=None)`."""
    return isinstance(call.func, ast.Attribute) and any(
        keyword.arg == "tzinfo"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is None
        for keyword in call.keywords
    )


def text_with_any_offset(call: ast.Call, file: SourceFile) -> str | None:
    """What gave the time whose zone a call drops, where that can have any offset from UTC.

    None where the text shows that it is UTC, where the function looks at the offset itself, and
    where the time of day as it is written is what is wanted: `.replace(tzinfo=None).strftime(…)`.
    """
    if not isinstance(call.func, ast.Attribute):
        return None
    time = call.func.value
    function = file.enclosing_function(call)
    parent = file.parent(call)
    is_shown = isinstance(parent, ast.Attribute) and parent.attr in _SHOWN
    if is_shown or _minds_offset(time, function or file.tree, file):
        return None
    if not isinstance(time, ast.Name):
        return _parser(time, file)
    bindings = [found for found in file.names.reaching(time) if not _is_inside(found.value, call)]
    if len(bindings) == 1 and bindings[0].kind == "argument":
        return _given_to_route(time.id, function, file)
    values = [found.value for found in bindings if found.kind == "assign"]
    if not values or len(values) != len(bindings):
        return None
    parsers = [_parser(value, file) for value in values]
    return parsers[-1] if all(parsers) else None


def _is_inside(value: ast.expr | None, call: ast.Call) -> bool:
    return value is not None and any(node is call for node in ast.walk(value))


def _parser(value: ast.expr | None, file: SourceFile) -> str | None:
    """How a call that parses a time from text is written, unless the text says that it is UTC."""
    if not isinstance(value, ast.Call) or not value.args:
        return None
    name = file.qualified_name(value.func)
    text = value.args[0]
    if name == "datetime.datetime.strptime":
        layout = file.literal(file.argument(value, 1, "format"))
        if not isinstance(layout, str) or "%z" not in layout:
            return None
    elif name not in _PARSERS:
        return None
    if any(_SAYS_UTC.search(file.source(node)) for node in _origins(text, file)):
        return None
    return file.source(value.func)


def _origins(text: ast.expr, file: SourceFile) -> Iterator[ast.expr]:
    """The text and what its variable was made of."""
    yield text
    if isinstance(text, ast.Name):
        for found in file.names.reaching(text):
            if found.value is not None:
                yield found.value


def _given_to_route(name: str, function: ast.AST | None, file: SourceFile) -> str | None:
    """The parameter of a path operation that FastAPI parses as a time."""
    route = file.route(function)
    if route is None:
        return None
    arguments = route.function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if argument.arg == name and argument.annotation is not None:
            kind = file.names.of_annotation(argument.annotation)
            return route.label() if kind == "datetime.datetime" else None
    return None


def _minds_offset(time: ast.expr, function: ast.AST, file: SourceFile) -> bool:
    """Whether a function reads the offset or the zone for more than to ask if there is one."""
    for node in file.body(function):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr == "endswith":
            return True
        if isinstance(node.value, ast.Name) and node.value.id != getattr(time, "id", ""):
            continue
        if node.attr in _OFFSET_READ or (node.attr == "tzinfo" and not _is_asked(node, file)):
            return True
    return False


def _is_asked(attribute: ast.Attribute, file: SourceFile) -> bool:
    """Whether a zone is only asked for: `if at.tzinfo:`, `at.tzinfo is not None`."""
    parent = file.parent(attribute)
    if isinstance(parent, ast.Compare):
        return all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in parent.ops)
    return isinstance(parent, (ast.If, ast.IfExp, ast.BoolOp, ast.UnaryOp, ast.Assert))
