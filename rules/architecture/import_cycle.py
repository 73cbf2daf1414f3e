"""ARC107."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from rules.architecture.import_graph import cycle_of
from rules.core.rule import FileKind, Problem, Severity, Step, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_LONGEST = 5


@rule(
    "ARC107",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("pylint:R0401",),
)
def import_cycle(module: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Modules import each other in a circle.

    Whether it works depends on which of them is imported first: the other sees a module that is
    half loaded, and one more import elsewhere turns it into an `ImportError`. Move what both need
    into a third module, or import inside of the function that needs it.

    ```python
    # path: app/orders.py
    from app.markets import price  # finding


    def total(number: int) -> float:
        return number * price()
    ```

    ```python
    # path: app/markets.py
    from app import orders


    def price() -> float:
        return orders.total(1)
    ```

    An import for type checkers, or inside of a function, closes no circle:

    ```python
    # path: app/orders.py
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from app.markets import Market


    def total(market: "Market") -> float: ...
    ```

    ```python
    # path: app/markets.py
    from app.orders import total


    class Market:
        def value(self) -> float:
            return total(self)
    ```
    """
    if file.project is None:
        return
    cycle = cycle_of(file.project, file.module)
    if not cycle or len(cycle) > _LONGEST + 1:
        return
    line = file.project.imports[file.module].get(cycle[1], 0)
    statement = next(
        (s for s in module.body if s.lineno <= line <= (s.end_lineno or s.lineno)), None
    )
    if not isinstance(statement, (ast.Import, ast.ImportFrom)):
        return
    shown = " → ".join(f"`{name}`" for name in cycle)
    yield Problem(
        statement,
        f"These modules import each other: {shown}. Move what they share into one module, or import in the"
        " function that needs it.",
        trace=_trace(cycle, file.project),
    )


def _trace(cycle: tuple[str, ...], project: Project) -> tuple[Step, ...]:
    """The imports of the cycle, the same from whichever of its modules it is told."""
    pairs = list(pairwise(cycle))
    first = pairs.index(min(pairs))
    return tuple(
        Step(project.modules[a].path, project.imports[a].get(b, 1), f"`{a}` imports `{b}`")
        for a, b in pairs[first:] + pairs[:first]
    )
