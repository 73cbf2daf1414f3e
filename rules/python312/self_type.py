"""PYT104."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.imported import local_name
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile


@rule(
    "PYT104",
    on=ast.ClassDef,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
    peers=("ruff:PYI019", "ruff:PYI034"),
)
def self_type(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    """A method that returns `self` as its own class's name loses the type in child classes.

    `Child().where(...)` is then a `Parent` for the type checker. `Self` stays what it was called
    on. Suggested once for each class, and only in files that use `Self` already.

    ```python
    from typing import Self


    class Query:
        def __enter__(self) -> Self:
            return self

        def where(self, text: str) -> "Query":  # finding
            self.text = text
            return self
    ```

    ```python fixed
    from typing import Self


    class Query:
        def __enter__(self) -> Self:
            return self

        def where(self, text: str) -> Self:
            self.text = text
            return self
    ```

    A method that makes another object of the same class:

    ```python
    from typing import Self


    class Money:
        def __enter__(self) -> Self:
            return self

        def plus(self, other: "Money") -> "Money":
            return Money()
    ```
    """
    if "Self" not in file.text:
        return
    spelling = local_name(file, "typing", "Self") or local_name(file, "typing_extensions", "Self")
    if spelling is None or not spelling.endswith("Self") or not _uses_self(file):
        return
    methods = [
        method
        for method in node.body
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
        and _names(method.returns) == node.name
        and _gives_itself(method, file)
    ]
    if not methods or methods[0].returns is None:
        return
    more = f" ({len(methods) - 1} more in this class)" if len(methods) > 1 else ""
    yield Problem(
        methods[0].returns,
        f"`{node.name}.{methods[0].name}` returns what it was called on{more}: with `Self` the type"
        " of a child class is kept.",
        fix=fixes.expression(spelling),
    )


def _uses_self(file: SourceFile) -> bool:
    return any(name.id == "Self" for name in file.of(ast.Name)) or any(
        attribute.attr == "Self" for attribute in file.of(ast.Attribute)
    )


def _names(annotation: ast.expr | None) -> str:
    match annotation:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str(name)):
            return name
        case _:
            return ""


def _gives_itself(method: FunctionNode, file: SourceFile) -> bool:
    """Whether every `return` is `return self`, or `return cls(...)` in a class method."""
    first = next(iter([*method.args.posonlyargs, *method.args.args]), None)
    returns = [part for part in file.body(method) if isinstance(part, ast.Return)]
    if first is None or first.arg not in {"self", "cls"} or not returns:
        return False
    return all(_is_own(part.value, first.arg) for part in returns)


def _is_own(value: ast.expr | None, first: str) -> bool:
    match value:
        case ast.Name(id=name):
            return name == first == "self"
        case ast.Call(func=ast.Name(id=name)):
            return name == first == "cls"
        case _:
            return False
