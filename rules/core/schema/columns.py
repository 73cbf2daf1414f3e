"""Columns and indexes as SQLAlchemy and SQLModel write them: one call, one column."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.schema.facts import ColumnFacts, IndexFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

COLUMN_CALLS = frozenset({"Column", "mapped_column", "Field", "MappedColumn"})
NOT_COLUMNS = frozenset({
    "relationship", "Relationship", "column_property", "association_proxy", "synonym", "composite",
    "hybrid_property", "query_expression", "PrivateAttr", "deferred", "backref",
})  # fmt: skip
_FIELDS = {"primary_key": "primary", "unique": "unique", "index": "indexed"}
_WRAPPERS = frozenset({"Mapped", "Optional", "Annotated", "Union", "deferred", "Required"})


def column_of(
    file: SourceFile, name: str, call: ast.Call, annotation: ast.expr | None, line: int
) -> ColumnFacts:
    """The column that a call of `Column`, `mapped_column` or `Field` makes for an attribute."""
    found = ColumnFacts(name, name, type_named(annotation), line)
    if last_name(call.func) not in COLUMN_CALLS:
        return found._replace(known=False)
    for position, argument in enumerate(call.args):
        found = _with_argument(file, found, argument, position)
    for keyword in call.keywords:
        found = _with_keyword(file, found, keyword)
    return found


def _with_argument(
    file: SourceFile, found: ColumnFacts, argument: ast.expr, position: int
) -> ColumnFacts:
    match argument:
        case ast.Constant(value=str(text)) if position == 0:
            return found._replace(name=text)
        case ast.Call(func=function) if last_name(function) == "ForeignKey":
            return found._replace(foreign=foreign_key(file, argument))
        case ast.Starred():
            return found._replace(known=False)
        case ast.Name() | ast.Attribute() | ast.Call() if position < 2 and not found.foreign:
            return found._replace(type=last_name(argument) or found.type)
        case _:
            return found


def _with_keyword(file: SourceFile, found: ColumnFacts, keyword: ast.keyword) -> ColumnFacts:
    value = keyword.value
    match keyword.arg:
        case None:
            return found._replace(known=False)
        case "primary_key" | "unique" | "index":
            given = file.literal(value)
            field = _FIELDS[keyword.arg]
            if not isinstance(given, bool):
                return found if given is None else found._replace(known=False)
            return found._replace(**{field: given})
        case "foreign_key":
            return found._replace(foreign=str(file.literal(value)))
        case "name" if isinstance(value, ast.Constant):
            return found._replace(name=str(value.value))
        case "type_" | "sa_type":
            return found._replace(type=last_name(value) or found.type)
        case "sa_column" if isinstance(value, ast.Call):
            made = column_of(file, found.attribute, value, None, found.line)
            return made._replace(type=made.type or found.type)
        case "sa_column_kwargs" | "sa_column":
            return found._replace(known=False)
        case _:
            return found


def foreign_key(file: SourceFile, call: ast.expr) -> str:
    """`table.column` to which a `ForeignKey` points, or `?`."""
    if not isinstance(call, ast.Call) or not call.args:
        return "?"
    text = file.constant_text(call.args[0])
    return text or ".".join((last_name(call.args[0]) or "?",))


def indexes_of(file: SourceFile, call: ast.Call, *, named: bool = True) -> IndexFacts | None:
    """The index behind `Index(name, columns…)` or a constraint; None for other constraints.

    A partial index counts as a whole one: whoever made it knew the queries.
    """
    kind = last_name(call.func)
    if kind not in {"Index", "UniqueConstraint", "PrimaryKeyConstraint", "ExcludeConstraint"}:
        return None
    arguments = call.args[1:] if kind == "Index" and named else call.args
    columns = tuple(indexed_column(argument) for argument in arguments)
    if not columns:
        columns = ("*",)
    unique = kind != "Index" or _is_true(call, "unique")
    name = file.constant_text(call.args[0]) if call.args and kind == "Index" else None
    return IndexFacts(columns, unique, kind == "PrimaryKeyConstraint", name or "")


def indexed_column(node: ast.expr) -> str:
    """The column that one argument of an index names; `*` when it is computed."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Attribute(value=value, attr="desc" | "asc" | "nulls_last")):
            return indexed_column(value)
        case ast.Call(func=function, args=[first, *_]) if last_name(function) in {"desc", "asc"}:
            return indexed_column(first)
        case ast.Call(func=function, args=[ast.Constant(value=str(text))]) if (
            last_name(function) == "text"
        ):
            return text.split()[0] if text.split() and "(" not in text else "()"
        case ast.Call():
            return "()"
        case _:
            return "*"


def _is_true(call: ast.Call, name: str) -> bool:
    return any(
        word.arg == name and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in call.keywords
    )


def type_named(annotation: ast.expr | None) -> str:
    """The innermost type that an annotation names: `bool` of `Mapped[bool | None]`."""
    names = list(_types(annotation))
    return names[0] if names else ""


def _types(node: ast.expr | None) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            try:
                yield from _types(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return
        case ast.BinOp(left=left, right=right):
            yield from _types(left)
            yield from _types(right)
        case ast.Subscript(value=value, slice=inner):
            if last_name(value) in _WRAPPERS:
                for item in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
                    yield from _types(item)
            else:
                yield last_name(value) or ""
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case _:
            return


def last_name(node: ast.AST | None) -> str:
    """The last part of a dotted expression, of a call the callee's; empty for anything else."""
    match node:
        case ast.Call(func=function):
            return last_name(function)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
