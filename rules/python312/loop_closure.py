"""PYT115."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.python312.kept_closures import is_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

    type Closure = ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef

_LOOPS = (ast.For, ast.AsyncFor)


@rule(
    "PYT115",
    on=(ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:B023", "pylint:W0640"),
)
def loop_closure(node: Closure, file: SourceFile) -> Iterator[Problem]:
    """A function made in a loop sees the loop's variable as it is when it runs, not when made.

    Kept for later, all of them work on the last item. Bind the value when the function is made:
    a default argument or `functools.partial`. Only functions that outlive their turn of the loop
    are reported: stored, registered, scheduled or given to a thread.

    ```python
    def watch(markets, loop) -> None:
        for market in markets:
            loop.call_later(5, lambda: refresh(market))  # finding


    def handlers(names: list[str]) -> dict[str, object]:
        found = {}
        for name in names:

            def handle(event):  # finding
                return name, event

            found[name] = handle
        return found
    ```

    Bound at once, called at once, or used inside the same turn:

    ```python
    from functools import partial


    async def watch(markets, loop) -> None:
        for market in markets:
            loop.call_later(5, lambda market=market: refresh(market))
            loop.call_later(5, partial(refresh, market))
            rows = sorted(market.rows, key=lambda row: row[market.column])
            await loop.run_in_executor(None, lambda: refresh(market))
            print(rows)
    ```

    A function that is returned ends the loop:

    ```python
    def first(markets):
        for market in markets:
            if market.open:
                return lambda: market
        return None
    ```
    """
    loop = _loop(node, file)
    if loop is None:
        return
    used = _loop_variables(loop) & _free_names(node, file)
    if used and is_kept(node, loop, file):
        name = min(used)
        what = "lambda" if isinstance(node, ast.Lambda) else f"`{node.name}`"
        yield Problem(
            node,
            f"This {what} sees the `{name}` of the last turn of the loop when it runs later."
            f" Bind it now: `{name}={name}` as a default, or `functools.partial`.",
        )


def _loop(node: Closure, file: SourceFile) -> ast.For | ast.AsyncFor | None:
    """The loop of the same function that makes the closure in each turn."""
    child: ast.AST = node
    for parent in file.ancestors(node):
        if isinstance(parent, _LOOPS) and child in parent.body:
            return parent
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            return None
        child = parent
    return None


def _loop_variables(loop: ast.For | ast.AsyncFor) -> set[str]:
    return {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}


def _free_names(node: Closure, file: SourceFile) -> set[str]:
    """The names that the closure reads from around it."""
    own = {argument.arg for argument, _ in parameters(node)}
    read: set[str] = set()
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    for part in body:
        for name in file.within(part):
            if isinstance(name, ast.Name):
                (read if isinstance(name.ctx, ast.Load) else own).add(name.id)
    return read - own
