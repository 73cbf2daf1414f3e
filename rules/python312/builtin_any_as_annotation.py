"""PYT105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import Problem, Severity, rule
from rules.core.scopes import parameters
from rules.python312.classes import is_dataclass, is_pydantic
from rules.python312.imported import local_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MEANT = {"any": ("typing", "Any"), "callable": ("collections.abc", "Callable")}


@rule(
    "PYT105",
    on=(ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign),
    severity=Severity.WARNING,
)
def builtin_any_as_annotation(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.AnnAssign, file: SourceFile
) -> Iterator[Problem]:
    """`any` and `callable` are functions, not types: an annotation with them says nothing.

    The type is called `typing.Any` (or `collections.abc.Callable`). Pydantic, FastAPI and
    dataclasses read annotations at run time: a model or a route with `any` fails when it is
    imported, or checks nothing. On a plain function only the type checker is misled, so there it
    is a suggestion: the cache that this product's first notes print as an example has one, and
    it works.

    ```python
    from typing import Any

    from pydantic import BaseModel


    class Market(BaseModel):
        payload: dict[str, any]  # finding: warning


    def read(key: str) -> tuple[bool, any]:  # finding: suggestion
        return False, None
    ```

    ```python fixed
    from typing import Any

    from pydantic import BaseModel


    class Market(BaseModel):
        payload: dict[str, Any]


    def read(key: str) -> tuple[bool, Any]:
        return False, None
    ```

    The functions themselves, and a type of that name:

    ```python
    type any = int


    def check(value: any, rows: list[int]) -> bool:
        return any(rows) and callable(value)
    ```
    """
    for annotation, severity in _annotations(node, file):
        for name in _wrong_names(annotation, file):
            module, meant = _MEANT[name.id]
            right = local_name(file, module, meant) or local_name(file, "typing", meant)
            yield Problem(
                name,
                f"`{name.id}` is the builtin function, not a type: this annotation means nothing."
                f" Use `{meant}` from `{module}`.",
                severity=severity,
                fix=fixes.expression(right) if right else None,
            )


def _annotations(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.AnnAssign, file: SourceFile
) -> Iterator[tuple[ast.expr, Severity]]:
    if isinstance(node, ast.AnnAssign):
        class_ = file.parent(node)
        read = isinstance(class_, ast.ClassDef) and (
            is_pydantic(class_, file) or is_dataclass(class_, file)
        )
        yield node.annotation, Severity.WARNING if read else Severity.SUGGESTION
        return
    found = [a.annotation for a, _ in parameters(node) if a.annotation is not None]
    if node.returns is not None:
        found.append(node.returns)
    found = [annotation for annotation in found if _mentions(annotation)]
    if found:
        is_read = file.route(node) is not None or file.is_dependency(node)
        severity = Severity.WARNING if is_read else Severity.SUGGESTION
        yield from ((annotation, severity) for annotation in found)


def _mentions(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Name(id=name):
            return name in _MEANT
        case ast.Constant() | ast.Attribute():
            return False
        case _:
            return any(isinstance(n, ast.Name) and n.id in _MEANT for n in ast.walk(annotation))


def _wrong_names(annotation: ast.expr, file: SourceFile) -> Iterator[ast.Name]:
    if not _mentions(annotation):
        return
    for name in file.within(annotation):
        if isinstance(name, ast.Name) and name.id in _MEANT and not _in_metadata(name, file):
            if not file.bindings(name.id, file.scopes.of(name)):
                yield name


def _in_metadata(name: ast.Name, file: SourceFile) -> bool:
    """Whether the name is called or given to a call, as in `Annotated[int, Check(any)]`."""
    return any(isinstance(parent, ast.Call) for parent in file.ancestors(name))
