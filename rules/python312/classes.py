"""What kind of class a class is: a Pydantic model, a dataclass, a table."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_PYDANTIC = (
    "pydantic.BaseModel",
    "pydantic_settings.BaseSettings",
    "pydantic.BaseSettings",
    "sqlmodel.SQLModel",
    "pydantic.RootModel",
)
_DATACLASSES = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})


def is_pydantic(class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether the class is a Pydantic model, also through other classes of the project."""
    if not class_.bases:
        return False
    key = f"pydantic {class_.lineno} {class_.name}"
    return file.memo(key, lambda: any(is_model(file.qualified_name(b), file) for b in class_.bases))


def is_model(name: str | None, file: SourceFile) -> bool:
    """Whether this dotted name is a Pydantic model."""
    if name is None:
        return False
    if name in _PYDANTIC:
        return True
    project = file.project
    return project is not None and any(project.inherits(name, known) for known in _PYDANTIC)


def dataclass_decorator(class_: ast.ClassDef, file: SourceFile) -> ast.expr | None:
    """The decorator that makes the class a dataclass."""
    for decorator in class_.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if file.qualified_name(function) in _DATACLASSES:
            return decorator
    return None


def is_dataclass(class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether the class is a dataclass."""
    return bool(class_.decorator_list) and dataclass_decorator(class_, file) is not None


def checks_annotations(class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether values are checked against the annotations: a model or a dataclass of Pydantic."""
    if is_pydantic(class_, file):
        return True
    decorator = dataclass_decorator(class_, file)
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return file.qualified_name(function) == "pydantic.dataclasses.dataclass"


def reads_annotations(class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether the annotations of the class are its fields: a Pydantic model or a dataclass."""
    return is_pydantic(class_, file) or is_dataclass(class_, file)


def fields(class_: ast.ClassDef) -> list[ast.AnnAssign]:
    """The annotated attributes of a class, in the order of the text."""
    return [item for item in class_.body if isinstance(item, ast.AnnAssign)]
