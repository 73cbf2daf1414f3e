"""ERR110."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_OTHERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


@rule(
    "ERR110",
    on=(ast.Try, ast.TryStar),
    severity=Severity.CRITICAL,
    peers=("ruff:B012", "ruff:SIM107", "pylint:W0150", "sonar:S1143"),
)
def return_in_finally(node: ast.Try | ast.TryStar, _file: SourceFile) -> Iterator[Problem]:
    """`return`, `break` or `continue` in a `finally` throws away the error that is on its way.

    Also a cancellation, a `KeyboardInterrupt` and the value that the `try` was about to return.
    Python 3.14 warns of it. Move the statement behind the `finally`.

    ```python
    def load(path: str) -> str:
        text = ""
        try:
            text = read(path)
        finally:
            return text  # finding


    def drain(queue) -> None:
        while True:
            try:
                queue.take()
            finally:
                break  # finding
    ```

    A loop or a function of the `finally` itself, and a check that no exception is on its way:

    ```python
    def close(connections) -> None:
        try:
            work()
        finally:
            for connection in connections:
                if connection.closed:
                    continue
                connection.close()


    def load(path: str) -> str:
        try:
            text = read(path)
        finally:
            if sys.exc_info()[0] is None:
                return text
    ```
    """
    for statement in node.finalbody:
        yield from (_problem(leaving) for leaving in _leaving(statement, in_loop=False))


def _problem(leaving: ast.stmt) -> Problem:
    word = type(leaving).__name__.lower()
    return Problem(
        leaving,
        f"`{word}` in `finally` discards any exception of the `try`, cancellations too."
        f" Move the `{word}` behind the `finally`.",
    )


def _leaving(node: ast.AST, *, in_loop: bool) -> Iterator[ast.stmt]:
    if isinstance(node, _OTHERS) or (
        isinstance(node, ast.If) and "exc_info" in ast.dump(node.test)
    ):
        return
    if isinstance(node, ast.Return) or (
        not in_loop and isinstance(node, (ast.Break, ast.Continue))
    ):
        yield node
        return
    inside = in_loop or isinstance(node, _LOOPS)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _leaving(child, in_loop=inside)
