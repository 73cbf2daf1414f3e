"""PYT113."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import fields, is_pydantic
from rules.python312.pydantic_version import is_written_for_version_1
from rules.tables.pydantic import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_VALIDATORS = frozenset({"pydantic.field_validator", "pydantic.validator"})
_MODEL_VALIDATORS = frozenset({"pydantic.model_validator", "pydantic.root_validator"})
_SHADOWED = frozenset(METHODS) - {"__fields__"} | {"model_config", "model_fields", "model_dump"}


@rule(
    "PYT113",
    on=ast.ClassDef,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("flake8-pydantic:PYD",),
)
def pydantic_model_mistake(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    """A Pydantic model whose validator or field does not do what it looks like.

    A validator without `return` sets the field to `None`. A field without an annotation stops the
    import, a field with an underscore is no field at all, and the second of two with one name
    silently wins.

    ```python
    from pydantic import BaseModel, Field, field_validator


    class Market(BaseModel):
        slug: str
        limit = 100  # finding
        _id: str = Field(alias="_id")  # finding
        slug: str | None = None  # finding

        @field_validator("slug")  # the field becomes None
        @classmethod
        def check(cls, value: str) -> str:  # finding
            if not value:
                raise ValueError("empty")
    ```

    Validators that return, private attributes, constants and methods:

    ```python
    from typing import ClassVar

    from pydantic import BaseModel, ConfigDict, PrivateAttr, field_validator


    class Market(BaseModel):
        model_config = ConfigDict(frozen=True)
        LIMIT: ClassVar[int] = 100
        _seen: int = PrivateAttr(default=0)
        _name = "market"
        slug: str

        @field_validator("slug")
        @classmethod
        def check(cls, value: str) -> str:
            if not value:
                raise ValueError("empty")
            return value

        @field_validator("slug", mode="before")
        @classmethod
        def never(cls, value: str) -> str:
            raise NotImplementedError
    ```
    """
    if not node.bases or not is_pydantic(node, file):
        return
    yield from _silent_validators(node, file)
    yield from _unannotated(node, file)
    yield from _wrong_names(node, file)


def _silent_validators(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or not _validates(method, file):
            continue
        parts = list(file.body(method))
        gives = any(isinstance(p, ast.Return) and p.value is not None for p in parts)
        if not gives and not isinstance(method.body[-1], ast.Raise):
            yield Problem(
                method,
                f"The validator `{method.name}` returns nothing, so what it checked becomes"
                " `None`. Return the value.",
            )


def _validates(method: FunctionNode, file: SourceFile) -> bool:
    for decorator in method.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if file.qualified_name(function) in _VALIDATORS | _MODEL_VALIDATORS:
            return True
    return False


def _unannotated(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    if is_written_for_version_1(file):
        return  # It takes the type from the value.
    for item in node.body:
        match item:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if not _is_plain_value(value) or name.startswith("_") or name == "model_config":
                    continue
                if name in {"Config", "__slots__"} or _has_other_parents(node, file):
                    continue
                yield Problem(
                    item,
                    f"`{name}` of `{node.name}` has no annotation: Pydantic 2 refuses the class."
                    " Annotate it, with `ClassVar` for a constant.",
                )
            case _:
                continue


def _is_plain_value(value: ast.expr) -> bool:
    """Whether this is a value that Pydantic takes for a field: no function, class or descriptor."""
    return isinstance(value, (ast.Constant, ast.List, ast.Dict, ast.Set, ast.Tuple))


def _has_other_parents(node: ast.ClassDef, file: SourceFile) -> bool:
    """Whether a parent other than `BaseModel` may annotate the field."""
    return any(file.qualified_name(base) != "pydantic.BaseModel" for base in node.bases)


def _wrong_names(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    seen: set[str] = set()
    for field in fields(node):
        name = field.target.id if isinstance(field.target, ast.Name) else ""
        if name in seen:
            yield Problem(
                field,
                f"`{name}` stands twice in `{node.name}`; the first one is lost without a word.",
            )
        seen.add(name)
        if name.startswith("_") and _is_field_call(field.value, file):
            yield Problem(
                field,
                f"`{name}` begins with an underscore, so Pydantic takes it for a private attribute:"
                f" it is never read from data. Name it `{name.strip('_')}` and give it the alias.",
            )
        if name in _SHADOWED and "ClassVar" not in file.source(field.annotation):
            yield Problem(
                field,
                f"The field `{name}` hides the method `BaseModel.{name}`. Rename it and keep the"
                f' name outside with `Field(alias="{name}")`.',
                severity=Severity.SUGGESTION,
            )


def _is_field_call(value: ast.expr | None, file: SourceFile) -> bool:
    return isinstance(value, ast.Call) and file.qualified_name(value.func) == "pydantic.Field"
