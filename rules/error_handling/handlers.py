"""What an `except` clause catches and whether anybody hears of it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.source import SourceFile

BROAD = frozenset({"Exception", "BaseException"})
CANCELLED = frozenset({
    "asyncio.CancelledError",
    "asyncio.exceptions.CancelledError",
    "concurrent.futures.CancelledError",
})  # fmt: skip
_LOG_METHODS = frozenset({
    "debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "trace",
    "success",
})  # fmt: skip
_REPORTERS = re.compile(
    r"log|print|warn|report|capture|notify|alert|echo|traceback|format_exc|record|emit|fail|error|"
    r"exception|audit|metric|incr|inc$|abort|exit|skip|stderr|write|display|toast|flash|mark|"
    r"rollback|reject|cancel|nack|put",
    re.IGNORECASE,
)


def last_name(node: ast.AST | None) -> str:
    """The last part of a dotted expression; empty when it is none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return last_name(function)
        case _:
            return ""


def caught(handler: ast.ExceptHandler, file: SourceFile) -> tuple[str, ...]:
    """The dotted names of what the handler catches; `BaseException` for a bare `except`."""
    if handler.type is None:
        return ("BaseException",)
    return tuple(
        file.qualified_name(item) or last_name(item) for item in _listed(handler.type, file)
    )


def _listed(kind: ast.expr, file: SourceFile) -> list[ast.expr]:
    """The classes that an `except` names, a tuple of them in a variable too."""
    if isinstance(kind, ast.Name) and isinstance(value := file.value(kind), ast.Tuple):
        kind = value
    return kind.elts if isinstance(kind, ast.Tuple) else [kind]


def is_broad(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the handler catches every error."""
    return handler.type is None or not BROAD.isdisjoint(caught(handler, file))


def shown(handler: ast.ExceptHandler, file: SourceFile) -> str:
    """The first words of the handler, for messages."""
    return f"except {file.source(handler.type)}" if handler.type is not None else "except"


def run_by(statements: Iterable[ast.stmt], file: SourceFile) -> Iterator[ast.AST]:
    """The nodes that run when these statements run, insides of nested functions left out."""
    holder = ast.Module(body=list(statements), type_ignores=[])
    return file.body(holder)


def raises(statements: Iterable[ast.stmt], file: SourceFile) -> bool:
    """Whether anything in these statements is a `raise`."""
    return any(isinstance(node, ast.Raise) for node in run_by(statements, file))


def is_log_call(node: ast.AST) -> bool:
    """Whether this is a call like `logger.warning(...)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _LOG_METHODS
    )


def is_reporting_call(node: ast.AST) -> bool:
    """Whether this is a call that tells somebody: a log, a print, a counter, an alert."""
    if not isinstance(node, ast.Call):
        return False
    return is_log_call(node) or bool(_REPORTERS.search(last_name(node.func)))


def uses_name(name: str | None, statements: Iterable[ast.stmt], file: SourceFile) -> bool:
    """Whether the exception that the handler binds is looked at."""
    return name is not None and any(
        isinstance(node, ast.Name) and node.id == name for node in run_by(statements, file)
    )
