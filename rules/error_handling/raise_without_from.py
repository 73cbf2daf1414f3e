"""ERR103."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import last_name, run_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "ERR103",
    on=ast.ExceptHandler,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:B904", "pylint:W0707"),
)
def raise_without_from(handler: ast.ExceptHandler, file: SourceFile) -> Iterator[Problem]:
    """An error raised in an `except` without `from` does not say what caused it.

    The traceback then reads "During handling of the above exception, another exception occurred",
    as if the handler itself were broken. `from error` says that one is the cause of the other,
    `from None` that the first one is of no interest. Suggested once for each file, and only in
    files that write `from` at least as often as not.

    ```python
    def load(path: str) -> str:
        try:
            return read(path)
        except OSError as error:
            raise LookupError(path) from error


    def parse(text: str) -> int:
        try:
            return int(text)
        except ValueError as error:
            raise LookupError(text)  # finding
    ```

    ```python fixed
    def load(path: str) -> str:
        try:
            return read(path)
        except OSError as error:
            raise LookupError(path) from error


    def parse(text: str) -> int:
        try:
            return int(text)
        except ValueError as error:
            raise LookupError(text) from error
    ```

    A file that never uses `from` has another convention:

    ```python
    def parse(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise LookupError(text)
    ```
    """
    first, number = file.memo("ERR103", lambda: _causeless(file))
    if first is None or file.statement(first) not in handler.body:
        return
    more = f" ({number - 1} more in this file)" if number > 1 else ""
    name = handler.name
    with_cause = f"{file.source(first)} from {name}" if name else ""
    yield Problem(
        first,
        f"`raise {last_name(first.exc)}` does not name its cause{more}: add `from {name or 'error'}`, or `from None`"
        " when the first error is of no interest.",
        fix=fixes.small_statement(with_cause) if name else None,
    )


def _causeless(file: SourceFile) -> tuple[ast.Raise | None, int]:
    """The first `raise` without a cause at the end of a handler and how many there are."""
    caused = sum(node.cause is not None for node in file.of(ast.Raise))
    if not caused:
        return None, 0
    found = [
        node
        for handler in file.of(ast.ExceptHandler)
        for node in run_by(handler.body, file)
        if isinstance(node, ast.Raise)
        and node in handler.body
        and isinstance(node.exc, ast.Call)
        and node.cause is None
        and last_name(node.exc) != "AssertionError"  # "Unreachable", after a call that raises.
    ]
    found.sort(key=lambda node: node.lineno)
    usual = caused >= len(found)
    return (found[0] if found and usual else None), len(found)
