"""ARC111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Problem, Severity, rule
from rules.core.suppress import Suppressions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule("ARC111", on=ast.Module, severity=Severity.SUGGESTION, peers=("ruff:RUF100",))
def unused_suppression(module: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A comment that silences nothing hides the next real problem on its line.

    Remove it, or correct the name in it.

    ```python
    def total(prices: list[int]) -> int:
        return sum(prices)  # backend-expert: ignore[sql-injection] checked  # finding
    ```

    A comment that is needed is left alone:

    ```python
    import asyncio
    import time


    async def poll() -> None:
        time.sleep(1)  # backend-expert: ignore[blocking-call-in-async] start-up only
    ```
    """
    suppressions = Suppressions.of(file.text) if "backend-expert" in file.text else Suppressions()
    if not any(suppression.own for suppression in suppressions.all):
        return
    for line, word, known in _unused(file, suppressions):
        reason = "silences nothing here" if known else "is not the name of a rule"
        yield Problem(
            _node_at(file, line) or module, f"`{word}` {reason}. Remove it from the comment."
        )


def _unused(file: SourceFile, suppressions: Suppressions) -> Iterator[tuple[int, str, bool]]:
    """Line, word and whether the word names a rule, for each suppression that did nothing."""
    from rules import catalog
    from rules.core.engine import check, lines_of

    rules = [found for found in catalog.all_rules().values() if found.code != "ARC111"]
    for found, problem in check(file, rules).found:
        suppressions.covers(*lines_of(problem.node), found)
        if isinstance(problem.node, (ast.expr, ast.stmt)):
            suppressions.covers(*lines_of(file.statement(problem.node)), found)
    own = {suppression.line for suppression in suppressions.all if suppression.own}
    for unused in suppressions.unused(rules):
        if unused.line in own:
            yield unused.line, unused.word, unused.known


def _node_at(file: SourceFile, line: int) -> ast.stmt | None:
    """The innermost statement that stands on a line."""
    around = [
        node
        for node in file.nodes.order
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return around[-1] if around else None
