"""PYT105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.imported import local_name
from rules.core.rule import Problem, Severity, rule
from rules.python312.classes import checks_annotations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MEANT = {"any": ("typing", "Any"), "callable": ("collections.abc", "Callable")}


@rule(
    "PYT105",
    on=ast.Module,
    severity=Severity.WARNING,
)
def builtin_any_as_annotation(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`any` and `callable` are functions, not types: an annotation with them says nothing.

    The type is called `typing.Any` (or `collections.abc.Callable`). Pydantic and FastAPI read
    annotations at run time: a model or a route with `any` fails when it is imported, or checks
    nothing. On a plain function or dataclass only the type checker is misled, so there it is a
    suggestion: the cache that this product's first notes print as an example has one, and it
    works.

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

    Nothing reads the types of a plain dataclass:

    ```python
    from dataclasses import dataclass


    @dataclass
    class Hook:
        run: callable  # finding: suggestion
    ```

    The functions themselves, and a type of that name:

    ```python
    type any = int


    def check(value: any, rows: list[int]) -> bool:
        return any(rows) and callable(value)
    ```
    """
    for name in [name for name in file.of(ast.Name) if name.id in _MEANT]:
        severity = _severity(name, file)
        if severity is not None and not file.bindings(name.id, file.scopes.of(name)):
            module, meant = _MEANT[name.id]
            right = local_name(file, module, meant) or local_name(file, "typing", meant)
            yield Problem(
                name,
                f"`{name.id}` is the builtin function, not a type: this annotation means nothing."
                f" Use `{meant}` from `{module}`.",
                severity=severity,
                fix=fixes.expression(right) if right else None,
            )


def _severity(name: ast.Name, file: SourceFile) -> Severity | None:
    """How much it matters in this annotation; None when the name is in no annotation."""
    child: ast.AST = name
    for parent in file.ancestors(name):
        match parent:
            case ast.Call() | ast.Constant():
                return None
            case ast.arg(annotation=annotation) if annotation is child:
                return _of_function(file.parent(file.parent(parent) or parent), file)
            case ast.AnnAssign(annotation=annotation) if annotation is child:
                return _of_attribute(file.parent(parent), file)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return _of_function(parent, file) if parent.returns is child else None
            case ast.stmt():
                return None
            case _:
                child = parent
    return None


def _of_function(function: ast.AST | None, file: SourceFile) -> Severity:
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return Severity.SUGGESTION
    is_read = file.route(function) is not None or file.is_dependency(function)
    return Severity.WARNING if is_read else Severity.SUGGESTION


def _of_attribute(class_: ast.AST | None, file: SourceFile) -> Severity:
    is_read = isinstance(class_, ast.ClassDef) and checks_annotations(class_, file)
    return Severity.WARNING if is_read else Severity.SUGGESTION
