"""The declarative models and tables of one file: columns, keys and indexes as facts."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.schema.columns import (
    COLUMN_CALLS,
    NOT_COLUMNS,
    column_of,
    indexes_of,
    last_name,
    type_named,
)
from rules.core.schema.facts import ColumnFacts, IndexFacts, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MARKS = ("__tablename__", "mapped_column", "Column(", "Mapped[", "table=True")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def has_models(file: SourceFile) -> bool:
    """Whether the text of a file has a mark of SQLAlchemy models; cheap."""
    return any(mark in file.text for mark in _MARKS)


def models_of(file: SourceFile) -> Iterator[ModelFacts]:
    """Every model, mixin and `Table` of a file."""
    if not has_models(file):
        return
    for class_ in file.of(ast.ClassDef):
        if (found := _model(file, class_)) is not None:
            yield found
    for call in file.calls("Table") if "Table" in file.called_names else ():
        if (found := _table(file, call)) is not None:
            yield found


def _model(file: SourceFile, class_: ast.ClassDef) -> ModelFacts | None:
    columns = tuple(column for statement in class_.body for column in _columns(file, statement))
    table = _table_name(file, class_)
    is_table = bool(table) or _keyword(class_, "table")
    arguments = _assigned(class_, "__table_args__")
    if not (columns or is_table or arguments is not None):
        return None
    indexes = _table_arguments(file, arguments)
    return ModelFacts(
        name=file.defined.name_of(class_),
        line=class_.lineno,
        table=table or (class_.name.lower() if _keyword(class_, "table") else ""),
        bases=tuple(_base(file, base) for base in class_.bases),
        columns=columns,
        indexes=tuple(indexes or ()),
        whole=indexes is not None,
        is_table=is_table,
        options=declaring(class_).lineno,
    )


def declaring(class_: ast.ClassDef) -> ast.stmt:
    """The statement of `__table_args__`, else that of `__tablename__`, else the class itself."""
    names = {
        target.id: statement
        for statement in class_.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return names.get("__table_args__") or names.get("__tablename__") or class_


def _base(file: SourceFile, base: ast.expr) -> str:
    inner = base.value if isinstance(base, ast.Subscript) else base
    return file.names.of(inner) or "?"


def _keyword(class_: ast.ClassDef, name: str) -> bool:
    return any(
        word.arg == name and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in class_.keywords
    )


def _assigned(class_: ast.ClassDef, name: str) -> ast.AST | None:
    """What a class assigns to a name, or the method of that name."""
    for statement in class_.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return value
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
                return value
            case ast.FunctionDef(name=target) if target == name:
                return statement
            case _:
                continue
    return None


def _table_name(file: SourceFile, class_: ast.ClassDef) -> str:
    value = _assigned(class_, "__tablename__")
    if isinstance(value, ast.expr):
        return file.constant_text(value) or "?"
    return "" if value is None else _naming(value)


def _naming(function: ast.AST) -> str:
    """`lower()` or `snake()` for a base whose `__tablename__` is made of the class's name."""
    text = ast.unparse(function)
    if "return cls.__name__.lower()" in text:
        return "lower()"
    return "snake()" if "__name__" in text else "?"


def named_by(rule: str, class_name: str) -> str:
    """The table that a naming rule of a base gives a class."""
    last = class_name.rsplit(".", 1)[-1]
    return last.lower() if rule == "lower()" else _CAPITAL.sub("_", last).lower()


def _columns(file: SourceFile, statement: ast.stmt) -> Iterator[ColumnFacts]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
            if last_name(call.func) in COLUMN_CALLS:
                yield column_of(file, name, call, None, statement.lineno)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            yield from _annotated(file, name, annotation, value)
        case ast.FunctionDef(name=name, decorator_list=decorators) if any(
            "declared_attr" in ast.unparse(decorator) for decorator in decorators
        ):
            yield from _declared(file, name, statement)
        case _:
            return


def _annotated(
    file: SourceFile, name: str, annotation: ast.expr, value: ast.expr | None
) -> Iterator[ColumnFacts]:
    mapped = isinstance(annotation, ast.Subscript) and last_name(annotation.value)
    if mapped in {"ClassVar", "WriteOnlyMapped", "DynamicMapped"} or name.startswith("__"):
        return
    if isinstance(value, ast.Call) and last_name(value.func) in NOT_COLUMNS:
        return
    if isinstance(value, ast.Call):
        yield column_of(file, name, value, annotation, annotation.lineno)
    else:
        kind = type_named(annotation)
        known = kind in _PLAIN_TYPES or mapped != "Mapped"
        yield ColumnFacts(name, name, kind, annotation.lineno, known=known)


_PLAIN_TYPES = frozenset({
    "str", "int", "float", "bool", "bytes", "datetime", "date", "time", "timedelta", "Decimal",
    "UUID", "uuid", "dict", "list", "Any",
})  # fmt: skip
"""Types of `Mapped[...]` that name no alias with keys of its own."""


def _declared(file: SourceFile, name: str, function: ast.FunctionDef) -> Iterator[ColumnFacts]:
    for statement in function.body:
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Call):
            if last_name(statement.value.func) in COLUMN_CALLS:
                yield column_of(file, name, statement.value, None, function.lineno)
            return


def _table_arguments(file: SourceFile, value: ast.AST | None) -> list[IndexFacts] | None:
    """The indexes of `__table_args__`; None when they are computed."""
    if value is None or isinstance(value, ast.Dict):
        return []
    if isinstance(value, ast.FunctionDef):
        returned = [node.value for node in value.body if isinstance(node, ast.Return)]
        return _table_arguments(file, returned[0]) if returned and returned[0] else None
    if not isinstance(value, (ast.Tuple, ast.List)):
        return None
    found: list[IndexFacts] = []
    for item in value.elts:
        if isinstance(item, ast.Call):
            index = indexes_of(file, item)
            found.extend([index] if index is not None else [])
        elif not isinstance(item, ast.Dict):
            return None
    return found


def _table(file: SourceFile, call: ast.Call) -> ModelFacts | None:
    """A `Table("name", metadata, Column(...), …)`; its name is the variable that holds it."""
    if not call.args or (name := file.constant_text(call.args[0])) is None:
        return None
    columns: list[ColumnFacts] = []
    indexes: list[IndexFacts] = []
    for argument in call.args[2:]:
        if not isinstance(argument, ast.Call):
            continue
        if last_name(argument.func) == "Column":
            columns.append(column_of(file, "", argument, None, argument.lineno))
        elif (index := indexes_of(file, argument)) is not None:
            indexes.append(index)
    if not columns:
        return None
    whole = not any(isinstance(argument, ast.Starred) for argument in call.args)
    named = tuple(column._replace(attribute=column.name) for column in columns)
    return ModelFacts(_held_by(file, call), call.lineno, name, (), named, tuple(indexes), whole)


def _held_by(file: SourceFile, call: ast.Call) -> str:
    match file.parent(call):
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return f"{file.module}.{name}"
        case _:
            return f"{file.module}.?"
