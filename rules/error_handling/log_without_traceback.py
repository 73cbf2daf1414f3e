"""ERR112."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import is_broad, raises, run_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Rewritten
    from rules.core.source import SourceFile

_TRACEBACKS = {"exception", "format_exc", "print_exc", "capture_exception"}
_LOGGERS = frozenset({"logging.Logger", "structlog.BoundLogger", "logging"})


@rule(
    "ERR112",
    on=ast.ExceptHandler,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:TRY400", "ruff:G201"),
)
def log_without_traceback(handler: ast.ExceptHandler, file: SourceFile) -> Iterator[Problem]:
    """`logger.error` in a broad `except` tells that something failed, but not where.

    An unexpected error without its traceback cannot be found again. `logger.exception` adds it.
    Suggested once for each file, and only in files that log tracebacks elsewhere.

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def load(read) -> None:
        try:
            read()
        except Exception:
            logger.exception("Could not load")


    def save(write) -> None:
        try:
            write()
        except Exception as error:
            logger.error("Could not save: %s", error)  # finding
    ```

    ```python fixed
    import logging

    logger = logging.getLogger(__name__)


    def load(read) -> None:
        try:
            read()
        except Exception:
            logger.exception("Could not load")


    def save(write) -> None:
        try:
            write()
        except Exception as error:
            logger.exception("Could not save: %s", error)
    ```

    An expected error, an error that goes on, and a file that logs texts only:

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def save(write) -> None:
        try:
            write()
        except OSError as error:
            logger.error("Disk: %s", error)
        except Exception as error:
            logger.error("Could not save: %s", error)
            raise
    ```
    """
    first, number = file.memo("ERR112", lambda: _traceless(file))
    if first is None or file.statement(first) not in handler.body:
        return
    more = f" ({number - 1} more in this file)" if number > 1 else ""
    yield Problem(
        first,
        f"This `.error` drops the traceback of an unexpected error{more}. Use `.exception`, as"
        " elsewhere in this file.",
        fix=_with_traceback,
    )


def _traceless(file: SourceFile) -> tuple[ast.Call | None, int]:
    """The first `logger.error` at the top of a broad handler that ends there, and their number."""
    if not any(file.calls("exception")):
        return None, 0
    found = [
        call
        for handler in file.of(ast.ExceptHandler)
        if is_broad(handler, file) and not raises(handler.body, file)
        if not _tells_where(handler, file)
        for call in run_by(handler.body, file)
        if isinstance(call, ast.Call)
        and file.statement(call) in handler.body
        and _is_error_log(call, file)
    ]
    found.sort(key=lambda call: call.lineno)
    return (found[0] if found else None), len(found)


def _tells_where(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether another line of the handler writes the traceback."""
    return any(
        isinstance(call, ast.Call)
        and (
            (isinstance(call.func, ast.Attribute) and call.func.attr in _TRACEBACKS)
            or any(keyword.arg == "exc_info" for keyword in call.keywords)
        )
        for call in run_by(handler.body, file)
    )


def _is_error_log(call: ast.Call, file: SourceFile) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "error":
        return False
    if any(keyword.arg in {"exc_info", "stack_info", None} for keyword in call.keywords):
        return False
    return file.qualified_name(call.func.value) in _LOGGERS


def _with_traceback(node: cst.CSTNode) -> Rewritten | None:
    import libcst as cst

    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    return node.with_changes(func=node.func.with_changes(attr=cst.Name("exception")))
