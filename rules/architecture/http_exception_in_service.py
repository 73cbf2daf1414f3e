"""ARC104."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.architecture.layers import DATA, SERVICES, in_layer, layer_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_OTHERS = 3
_FEW = 0.1


@rule(
    "ARC104",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor",),
)
def http_exception_in_service(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A module below the routers decides about HTTP statuses, while its neighbours do not.

    It cannot be used from a job or a command line. Raise an error of the domain and translate it
    in the router.

    ```python
    # path: app/services/orders.py
    from fastapi import HTTPException


    def find(number: int) -> str:
        raise HTTPException(404, "No such order")  # finding
    ```

    ```python
    # path: app/services/markets.py
    def find(number: int) -> str:
        raise LookupError(number)
    ```

    ```python
    # path: app/services/news.py
    def find(number: int) -> str:
        raise LookupError(number)
    ```

    ```python
    # path: app/services/charts.py
    def find(number: int) -> str:
        raise LookupError(number)
    ```

    In a router, or in a project whose services all do so:

    ```python
    # path: app/services/orders.py
    from fastapi import HTTPException


    def find(number: int) -> str:
        raise HTTPException(404, "No such order")
    ```
    """
    if layer_of(file.module) not in {SERVICES, DATA} or file.routes or file.project is None:
        return
    if not file.imports("fastapi", "starlette") or not _is_unusual(file.project, file.path):
        return
    raised = (
        node
        for node in sorted(file.of(ast.Raise), key=lambda node: node.lineno)
        if isinstance(node.exc, ast.Call)
        and (file.qualified_name(node.exc.func) or "").endswith(".HTTPException")
        and not _is_dependency(node, file)
    )
    for node in raised:
        yield Problem(
            node,
            f"{_who(node, file)} decides about an HTTP status, below the routers; the other modules of this layer"
            " raise errors of their own. Do so too and translate them in the router.",
            confidence=Confidence.MEDIUM,
        )
        return


def _who(node: ast.AST, file: SourceFile) -> str:
    function = file.enclosing_function(node)
    return f"`{function.name}`" if function is not None else "This module"


def _is_dependency(node: ast.AST, file: SourceFile) -> bool:
    function = file.enclosing_function(node)
    if function is None or "auth" in file.path.rpartition("/")[2]:
        return True
    return file.is_dependency(function) or file.route(function) is not None


def _is_unusual(project: Project, path: str) -> bool:
    """Whether hardly another module of these layers knows HTTPException."""
    modules = [*in_layer(project, SERVICES), *in_layer(project, DATA)]
    others = [facts for facts in modules if facts.path != path and not facts.routes]
    knowing = [
        facts for facts in others if any(i.target.endswith(".HTTPException") for i in facts.imports)
    ]
    return len(others) >= _OTHERS and len(knowing) <= _FEW * len(others)
