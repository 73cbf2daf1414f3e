"""PYT116."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import fields, reads_annotations
from rules.python312.modern import modern_unions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

    type Place = tuple[ast.AST, str, ast.expr]


@rule(
    "PYT116",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:RUF013",),
)
def implicit_optional(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`x: int = None` says that `x` is never `None`, and then it is.

    Type checkers stopped guessing here years ago; Pydantic and FastAPI check what the annotation
    says: a `None` that is sent is refused. Write `int | None`. Suggested once for each file.

    ```python
    def find(slug: str, limit: int | None = None, offset: int = None) -> None:  # finding
        pass
    ```

    ```python fixed
    def find(slug: str, limit: int | None = None, offset: int | None = None) -> None:
        pass
    ```

    Models too:

    ```python
    from pydantic import BaseModel


    class Filter(BaseModel):
        slug: str = None  # finding
        title: str = None
    ```

    Types that allow `None`, and none at all:

    ```python
    from typing import Any, Optional


    def find(
        a=None,
        b: Any = None,
        c: Optional[int] = None,
        d: object = None,
        e: "int | None" = None,
    ):
        pass
    ```
    """
    places = [*_parameters(file), *_fields(file)]
    if not places:
        return
    node, name, annotation = min(places, key=lambda place: place[2].lineno)
    more = f" ({len(places) - 1} more in this file)" if len(places) > 1 else ""
    written = file.source(annotation)
    yield Problem(
        annotation,
        f"`{name}: {written[:40]} = None` says that it is never `None`{more}."
        f" Write `{written[:40]} | None`.",
        fix=_fix(annotation, node, file),
    )


def _fix(annotation: ast.expr, node: ast.AST, file: SourceFile) -> Fix | None:
    """`X | None` where that works: in a file that writes it already, or that puts off annotations."""
    text = file.source(annotation)
    if isinstance(annotation, ast.Constant) or "\n" in text:
        return None
    late = "__future__.annotations" in file.imported_modules and isinstance(node, ast.arg)
    return fixes.expression(f"{text} | None") if late or modern_unions(file) else None


def _parameters(file: SourceFile) -> Iterator[Place]:
    for function in file.functions:
        for argument, default in file.parameters(function):
            annotation = argument.annotation if _is_none(default) else None
            if annotation is not None and not _allows_none(annotation, file):
                yield argument, argument.arg, annotation


def _fields(file: SourceFile) -> Iterator[Place]:
    for class_ in file.of(ast.ClassDef):
        wrong = [field for field in fields(class_) if _is_none(field.value)]
        if wrong and reads_annotations(class_, file):
            for field in wrong:
                if not _allows_none(field.annotation, file):
                    yield field, file.source(field.target), field.annotation


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


_BUILTIN = frozenset({"int", "str", "float", "bool", "bytes", "list", "dict", "set", "tuple"})
_TYPING = frozenset({"List", "Dict", "Set", "Tuple", "Callable", "Sequence", "Mapping", "Iterable"})


def _allows_none(annotation: ast.expr, file: SourceFile) -> bool:
    """Whether the type may be `None`, or nobody can tell because it is an alias."""
    match annotation:
        case ast.Name(id=name):
            return name not in _BUILTIN or bool(file.bindings(name, file.scopes.of(annotation)))
        case ast.Subscript(value=ast.Name(id=name)):
            return name not in _BUILTIN | _TYPING
        case _:
            return True
