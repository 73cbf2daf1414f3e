"""Handlers after which nobody knows that something failed."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.error_handling.handlers import is_log_call, last_name

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_BUILDERS = frozenset({
    "dict", "list", "set", "tuple", "frozenset", "str", "int", "float", "Decimal", "defaultdict",
    "OrderedDict", "bool", "bytes", "DataFrame",
})  # fmt: skip

_REASON = re.compile(
    r"#[^#]*[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{4}|#(?!\s*(?:type:|pragma|pylint:|fmt:|isort:|todo\b|fixme\b|xxx\b))(?:\s*noqa\b[^-a-z]*)?\W*(\w\S*\s+){2}\w",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"fail|error|err(_|$)|exc(_|$)|invalid|unknown|unavail|unreach|offline|down(_|$)|broken|bad(_|$)|refus|denied"
    r"|missing|disabled|timeout|unhealthy|critical|reject|status|state|has_|is_|ok(_|$)|success",
    re.IGNORECASE,
)
"""Names whose value says by itself that something went wrong."""
_MEANT = re.compile(r"#\s*(noqa:.*\b(BLE001|S110|S112)\b|pylint:.*(broad-ex|W0703|W0718))")


def is_explained(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether a comment in the handler says why silence is right, or refuses the linter's advice."""
    end = handler.end_lineno or handler.lineno
    while end < len(file.lines) and _is_comment_within(file.lines[end], handler):
        end += 1
    return gives_reason(file.lines[handler.lineno - 1 : end])


def _is_comment_within(line: str, handler: ast.ExceptHandler) -> bool:
    text = line.lstrip()
    return text.startswith("#") and len(line) - len(text) > handler.col_offset


def gives_reason(lines: list[str]) -> bool:
    """Whether one of these lines has a comment with a reason in it."""
    return any(_REASON.search(line) or _MEANT.search(line) for line in lines)


def is_quiet(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the body passes, continues, breaks, returns or sets a default, and tells nobody."""
    return _comes_to_little(handler.body, handler.name, file)


def is_whispered(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether all that a handler tells is told at the debug level, which production leaves out."""
    rest = [statement for statement in handler.body if not _is_debug_line(statement)]
    told = len(rest) < len(handler.body)
    return told and (not rest or _comes_to_little(rest, handler.name, file))


def _is_debug_line(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="debug" | "trace")) as call):
            return is_log_call(call)
        case _:
            return False


def _comes_to_little(body: list[ast.stmt], error: str | None, file: SourceFile) -> bool:
    *before, end = body
    if any(not (_is_text(s) or _sets_default(s, error, file)) for s in before):
        return False
    if comes_to_nothing(end) or _sets_default(end, error, file):
        return True
    return isinstance(end, ast.Return) and _is_default(end.value, error, file)


def _sets_default(statement: ast.stmt, error: str | None, file: SourceFile) -> bool:
    """`result = None`, `rows = []`: a value that looks like an answer; `ok = False` tells."""
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=value):
            told = isinstance(value, ast.Constant) and isinstance(value.value, (bool, str))
            return not told and not _TELLS.search(target.id) and _is_default(value, error, file)
        case _:
            return False


def comes_to_nothing(statement: ast.stmt) -> bool:
    """Whether the statement is `pass`, `...`, a text, `continue` or `break`."""
    return isinstance(statement, (ast.Pass, ast.Continue, ast.Break)) or _is_text(statement)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_default(value: ast.expr | None, error: str | None, file: SourceFile) -> bool:
    """Whether a returned value is fixed: it does not tell of the error."""
    match value:
        case None:
            return True
        case ast.Constant(value=constant):
            return not (isinstance(constant, str) and constant)
        case ast.List(elts=items) | ast.Set(elts=items) | ast.Tuple(elts=items):
            return all(_is_default(item, error, file) for item in items)
        case ast.Dict(values=values):
            return not values
        case ast.UnaryOp(operand=operand):
            return _is_default(operand, error, file)
        case ast.Name(id=name):
            fixed = name.isupper() and not _TELLS.search(name)
            return name != error and (fixed or name in {"default", "fallback"})
        case ast.Attribute(attr=name):
            return name.isupper() and not _TELLS.search(name)
        case ast.Call(func=function, args=arguments, keywords=[]):
            return last_name(function) in _BUILDERS and all(
                _is_default(argument, error, file) for argument in arguments
            )
        case _:
            return False
