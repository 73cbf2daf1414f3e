"""ARC110."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.architecture.layers import DATA, MODELS, ROUTERS, SERVICES, layer_of, of_code
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_HEIGHT = {ROUTERS: 3, SERVICES: 2, DATA: 1, MODELS: 0}
_USUAL = 4


@rule(
    "ARC110",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def layer_skipped(module: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A lower layer imports a higher one, against the direction of all other imports.

    The higher layer can then no longer be changed or tested without the lower one, and the next
    import closes a circle. Pass in what is needed, or move it down.

    ```python
    # path: app/db/queries.py
    from app.routers.orders import page_size  # finding


    def orders() -> list[str]:
        return ["a"][: page_size()]
    ```

    ```python
    # path: app/routers/orders.py
    from app.db import connection


    def page_size() -> int:
        return 20
    ```

    ```python
    # path: app/routers/news.py
    from app.db import connection
    ```

    ```python
    # path: app/routers/markets.py
    from app.db import connection
    ```

    ```python
    # path: app/routers/charts.py
    from app.db import connection
    ```

    ```python
    # path: app/db/connection.py
    url = "sqlite://"
    ```

    Downwards is the direction:

    ```python
    # path: app/routers/orders.py
    from app.db import connection
    ```

    ```python
    # path: app/db/connection.py
    url = "sqlite://"
    ```
    """
    project, here = file.project, layer_of(file.module)
    if project is None or here is None or file.routes:
        return
    edges = project.memo("imports between layers", lambda: _edges(project))
    for imported, line in sorted(project.imports.get(file.module, {}).items(), key=lambda p: p[1]):
        there = layer_of(imported)
        if there is None or _HEIGHT[there] <= _HEIGHT[here] or not _is_apart(imported, file.module):
            continue
        if len(edges.get((there, here), ())) < _USUAL or edges[here, there] != {file.module}:
            continue
        statement = next((s for s in module.body if s.lineno <= line <= (s.end_lineno or 0)), None)
        if statement is not None:
            yield Problem(
                statement,
                f"`{file.module}` ({here}) imports `{imported}` ({there}); everywhere else it is the other way"
                " round. Pass in what is needed, or move it down.",
                confidence=Confidence.MEDIUM,
            )
            return


def _is_apart(one: str, other: str) -> bool:
    """Whether two modules of one program stand in different packages."""
    same_program = one.split(".", 1)[0] == other.split(".", 1)[0]
    return same_program and one.rpartition(".")[0] != other.rpartition(".")[0]


def _edges(project: Project) -> dict[tuple[str, str], set[str]]:
    """Pair of layers to the modules of the first that import the second."""
    found: dict[tuple[str, str], set[str]] = {}
    for facts in of_code(project):
        here = ROUTERS if facts.routes else layer_of(facts.module)
        if here is None:
            continue
        for imported in project.imports[facts.module]:
            there = layer_of(imported)
            if there is not None and there != here and _is_apart(imported, facts.module):
                found.setdefault((here, there), set()).add(facts.module)
    return found
