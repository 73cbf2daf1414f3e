"""FAS103."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.core.web.routes import is_dependency_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Rewritten
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile


@rule(
    "FAS103",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
    peers=("ruff:FAST002",),
)
def depends_not_annotated(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A dependency is written as a default value and not as `Annotated`.

    As a default it makes the function callable without the argument, with the marker object in
    its place, and the type checker believes it. `Annotated[T, Depends(f)]` can be given a name
    and used again. Said once in a file, at the first place.

    ```python
    from typing import Annotated

    from fastapi import APIRouter, Depends

    router = APIRouter()


    def get_user() -> str: ...


    @router.get("/orders")
    async def orders(user: str = Depends(get_user)) -> list[str]: ...  # finding
    ```

    ```python fixed
    from typing import Annotated

    from fastapi import APIRouter, Depends

    router = APIRouter()


    def get_user() -> str: ...


    @router.get("/orders")
    async def orders(user: Annotated[str, Depends(get_user)]) -> list[str]: ...
    ```

    The newer form is fine:

    ```python
    from typing import Annotated

    from fastapi import APIRouter, Depends

    router = APIRouter()


    def get_user() -> str: ...


    User = Annotated[str, Depends(get_user)]


    @router.get("/orders")
    async def orders(user: User) -> list[str]: ...
    ```
    """
    if not file.imports("fastapi.Depends", "fastapi.Security", "fastapi.params"):
        return
    markers = frozenset[ast.AST](file.calls("Depends", "Security"))
    found = [pair for function in file.functions for pair in _defaults(function, file, markers)]
    found.sort(key=lambda pair: pair[0].lineno)
    if found:
        argument, marker = found[0]
        more = f" ({len(found)} such parameters here)" if len(found) > 1 else ""
        yield Problem(
            argument,
            f"`{argument.arg}` takes a dependency as its default value{more}. Write"
            f" `{argument.arg}: Annotated[{_type(argument)}, {ast.unparse(marker)}]`.",
            fix=_as_annotated,
        )


def _defaults(
    function: FunctionNode, file: SourceFile, markers: frozenset[ast.AST]
) -> Iterator[tuple[ast.arg, ast.expr]]:
    for argument, default in parameters(function):
        if default is not None and default in markers and is_dependency_marker(file, default):
            yield argument, default


def _type(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation is not None else "…"


def _as_annotated(node: cst.CSTNode) -> Rewritten | None:
    """`x: T = Depends(f)` as `x: Annotated[T, Depends(f)]`."""
    import libcst as cst

    if not isinstance(node, cst.Param) or node.annotation is None or node.default is None:
        return None
    elements = [
        cst.SubscriptElement(
            cst.Index(node.annotation.annotation),
            comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")),
        ),
        cst.SubscriptElement(cst.Index(node.default)),
    ]
    annotated = cst.Subscript(cst.Name("Annotated"), elements)
    return node.with_changes(
        annotation=node.annotation.with_changes(annotation=annotated),
        default=None,
        equal=cst.MaybeSentinel.DEFAULT,
    )
