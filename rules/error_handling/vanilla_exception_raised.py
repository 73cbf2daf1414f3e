"""ERR114."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "ERR114",
    on=ast.Raise,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("ruff:TRY002", "sonar:S112"),
)
def vanilla_exception_raised(node: ast.Raise, file: SourceFile) -> Iterator[Problem]:
    """`raise Exception(...)` can only be caught together with every other error.

    Whoever calls this has to write `except Exception`, and hides bugs with it. Suggested once for
    each file, and only in files that define or raise exceptions of their own.

    ```python
    class MarketClosedError(Exception):
        pass


    def trade(market) -> None:
        if market.closed:
            raise MarketClosedError
        if market.size == 0:
            raise Exception("empty market")  # finding
    ```

    A file without exceptions of its own:

    ```python
    def trade(market) -> None:
        if market.closed:
            raise Exception("closed")
    ```
    """
    if not _is_vanilla(node):
        return
    first, number, own = file.memo("ERR114", lambda: _vanilla(file))
    if node is first and own:
        more = f" ({number - 1} more in this file)" if number > 1 else ""
        yield Problem(
            node,
            f"A caller can catch `Exception` only together with every bug{more}."
            f" Raise an exception of its own, as `{own}` is one.",
        )


def _is_vanilla(node: ast.Raise) -> bool:
    return last_name(node.exc) in {"Exception", "BaseException"} and isinstance(node.exc, ast.Call)


def _vanilla(file: SourceFile) -> tuple[ast.Raise | None, int, str]:
    """The first such `raise`, their number, and an exception that the file has of its own."""
    found = sorted((n for n in file.of(ast.Raise) if _is_vanilla(n)), key=lambda n: n.lineno)
    own = next(
        (
            class_.name
            for class_ in file.of(ast.ClassDef)
            if any(last_name(base).endswith(("Error", "Exception")) for base in class_.bases)
        ),
        "",
    )
    return (found[0] if found else None), len(found), own
