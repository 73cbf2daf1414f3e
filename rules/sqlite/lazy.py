"""Relationships of the project's models that are loaded by a query when they are touched."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from rules.core.scopes import COMPREHENSIONS
from rules.core.sql.queries import builder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_EAGER = (
    "selectinload",
    "joinedload",
    "subqueryload",
    "contains_eager",
    "immediateload",
    "options",
)


class LazyRead(NamedTuple):
    """`node` reads `attribute` of an instance of `model` that came out of a query row by row."""

    node: ast.Attribute
    model: str
    attribute: str


def lazy_reads(file: SourceFile) -> list[LazyRead]:
    """The reads of lazy relationships in loops over the rows of a query, each once per loop."""
    return file.memo("sqlite.lazy", lambda: list(_lazy_reads(file)))


def _lazy_reads(file: SourceFile) -> Iterator[LazyRead]:
    if file.project is None or not file.imports("sqlalchemy", "sqlmodel"):
        return
    for loop in (*file.of(ast.For), *file.of(ast.AsyncFor)):
        yield from _in(loop, loop.target, loop.iter, file)
    for kind in COMPREHENSIONS:
        for comprehension in file.of(kind):
            first = comprehension.generators[0]
            yield from _in(comprehension, first.target, first.iter, file)


def single_reads(file: SourceFile) -> Iterator[LazyRead]:
    """The reads of lazy relationships of one row that the function loaded by an async session."""
    if file.project is None or not file.project.database.relationship_names:
        return
    for node in file.of(ast.Attribute):
        if not isinstance(node.value, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        if node.attr not in file.project.database.relationship_names:
            continue
        loaded = file.value(node.value)
        function = file.enclosing_function(node)
        if not isinstance(loaded, ast.Await) or not isinstance(function, ast.AsyncFunctionDef):
            continue
        model = _loaded_model(loaded.value, file)
        if model is None or not is_lazy(model, node.attr, file):
            continue
        text = _whole(loaded, file)
        if any(word in text for word in _EAGER) or "refresh(" in file.source(function):
            continue
        yield LazyRead(node, model.rsplit(".", 1)[-1], node.attr)


def _loaded_model(call: ast.expr, file: SourceFile) -> str | None:
    """The class of the one row that `session.get` or `session.scalar` gives."""
    match call:
        case ast.Call(func=ast.Attribute(attr="get" | "get_one"), args=[model, _, *_]):
            return file.qualified_name(model)
        case ast.Call(func=ast.Attribute(attr="scalar"), args=[statement, *_]):
            return _selected(statement, file)
        case _:
            return None


def _in(
    loop: ast.AST, target: ast.expr, iterable: ast.expr, file: SourceFile
) -> Iterator[LazyRead]:
    if not isinstance(target, ast.Name) or (model := _model(iterable, file)) is None:
        return
    seen: set[str] = set()
    for node in ast.walk(loop):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if node.value.id != target.id or node.attr in seen or not isinstance(node.ctx, ast.Load):
            continue
        if is_lazy(model, node.attr, file):
            seen.add(node.attr)
            yield LazyRead(node, model.rsplit(".", 1)[-1], node.attr)


def is_lazy(model: str, attribute: str, file: SourceFile) -> bool:
    """Whether touching the attribute of a model runs a query."""
    if file.project is None:
        return False
    return file.project.database.relationship(model, attribute) in {"select", "True"}


def _model(iterable: ast.expr, file: SourceFile) -> str | None:
    """The model whose rows are looped over, when its query loads nothing eagerly."""
    model = queried_model(iterable, file)
    if model is None or file.project is None or not file.project.database.has_relationships(model):
        return None
    text = _whole(iterable, file)
    return None if any(word in text for word in _EAGER) else model


def queried_model(node: ast.expr, file: SourceFile, depth: int = 8) -> str | None:
    """The class of the rows that a query or its result gives: `Article` of `select(Article)`."""
    if depth <= 0:
        return None
    match node:
        case ast.Await(value=inner):
            return queried_model(inner, file, depth - 1)
        case ast.Name():
            value = file.value(node)
            return queried_model(value, file, depth - 1) if value is not None else None
        case ast.Call(func=ast.Attribute(attr="query"), args=[model]):
            return file.qualified_name(model)
        case ast.Call(func=ast.Name(id="list"), args=[inner]):
            return queried_model(inner, file, depth - 1)
        case ast.Call(
            func=ast.Attribute(attr="scalars" | "exec" | "execute" | "stream_scalars"),
            args=[statement, *_],
        ):
            return _selected(statement, file)
        case ast.Call(func=ast.Attribute(value=inner)):
            return queried_model(inner, file, depth - 1)
        case _:
            return None


def _selected(statement: ast.expr, file: SourceFile) -> str | None:
    built = builder_of(file, statement)
    if built is None or built[0] != "select" or len(built[1].args) != 1:
        return None
    return file.qualified_name(built[1].args[0])


def _whole(node: ast.expr, file: SourceFile, depth: int = 4) -> str:
    """The source of an expression with that of the variables it is made of."""
    text = file.source(node)
    if depth:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                for value in file.values(inner):
                    if value is not node:
                        text += _whole(value, file, depth - 1)
    return text
