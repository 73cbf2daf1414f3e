"""PYT119."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile


@rule(
    "PYT119",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:ANN001", "ruff:ANN201"),
)
def missing_annotations_on_public_api(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route or dependency parameter without a type is taken as an unchecked query text.

    FastAPI reads annotations: they decide where a value comes from, what is refused and what the
    documentation says. Suggested once for each file, and only where most parameters of the
    file's routes and dependencies have their types.

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/markets/{slug}")
    async def market(slug: str, depth: int = 10):
        return slug


    @router.get("/books/{slug}")
    async def book(slug, depth: int = 10):  # finding
        return slug
    ```

    Annotated, or given by a dependency marker:

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter()


    def store() -> dict[str, str]:
        return {}


    @router.get("/markets/{slug}")
    async def market(slug: str, found=Depends(store)):
        return found[slug]


    def private(anything):
        return anything
    ```
    """
    if not file.routes:
        return
    bare: list[tuple[FunctionNode, str]] = []
    typed = 0
    for function in dict.fromkeys(route.function for route in file.routes):
        names, annotated = _untyped(function)
        typed += annotated
        bare.extend((function, name) for name in names)
    if not bare or typed <= len(bare):
        return
    function, name = min(bare, key=lambda pair: pair[0].lineno)
    more = f" ({len(bare) - 1} more in this file)" if len(bare) > 1 else ""
    yield Problem(
        function,
        f"`{name}` of `{function.name}` has no type{more}: FastAPI takes it as an unchecked query"
        " or path text and documents it so.",
    )


def _untyped(function: FunctionNode) -> tuple[list[str], int]:
    """The parameters that have neither type nor marker, and the number of those that have one."""
    names: list[str] = []
    typed = 0
    for argument, default in parameters(function):
        if argument.annotation is not None:
            typed += 1
        elif argument.arg not in {"self", "cls", "args", "kwargs"} and not isinstance(
            default, ast.Call
        ):
            names.append(argument.arg)
    return names, typed
