"""PYT107."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "PYT107",
    on=ast.Raise,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
)
def exception_group_opportunity(node: ast.Raise, file: SourceFile) -> Iterator[Problem]:
    """Of several collected errors only the first is raised; the others are never seen.

    `raise ExceptionGroup("...", errors)` raises them all, with all their tracebacks. A
    `TaskGroup` does so by itself.

    ```python
    async def close_all(connections) -> None:
        errors = []
        for connection in connections:
            try:
                await connection.close()
            except OSError as error:
                errors.append(error)
        if errors:
            raise errors[0]  # finding
    ```

    All of them:

    ```python
    async def close_all(connections) -> None:
        errors = []
        for connection in connections:
            try:
                await connection.close()
            except OSError as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("Could not close", errors)
    ```
    """
    match node.exc:
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            pass
        case _:
            return
    if file.literal(index) not in {0, -1} or not _collects(name, node, file):
        return
    if _is_the_only_one(name, node, file):
        return
    yield Problem(
        node,
        f"Only one of `{name}` is raised, the others are lost."
        f' `raise ExceptionGroup("...", {name})` raises them all.',
    )


def _is_the_only_one(name: str, node: ast.Raise, file: SourceFile) -> bool:
    """Whether the code looked how many there are first."""
    return any(
        isinstance(parent, ast.If) and f"len({name})" in file.source(parent.test)
        for parent in file.ancestors(node)
    )


def _collects(name: str, node: ast.Raise, file: SourceFile) -> bool:
    """Whether the same function appends caught exceptions to this list."""
    function = file.enclosing_function(node)
    for call in file.calls("append"):
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner)), args=[ast.Name(id=error)]
            ) if owner == name and file.enclosing_function(call) is function:
                if any(
                    isinstance(parent, ast.ExceptHandler) and parent.name == error
                    for parent in file.ancestors(call)
                ):
                    return True
            case _:
                continue
    return False
