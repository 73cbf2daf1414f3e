"""What one file says about the schema of a database, and the queries that it builds on models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class ColumnFacts(NamedTuple):
    """A column of a model: the attribute and the column's own name, its type, its keys.

    `foreign` is `table.column` or empty; `known` is false when the file does not say enough to
    tell whether the column has an index.
    """

    attribute: str
    name: str
    type: str
    line: int
    primary: bool = False
    unique: bool = False
    indexed: bool = False
    foreign: str = ""
    known: bool = True


class IndexFacts(NamedTuple):
    """An index or a unique constraint: columns by attribute or name, `*` for unknown ones."""

    columns: tuple[str, ...]
    unique: bool = False
    primary: bool = False
    name: str = ""


class ModelFacts(NamedTuple):
    """A declarative class, a mixin for one, or a `Table`.

    `table` is empty when the class names none, `?` when the name is computed. `whole` says
    that all of the indexes which the class declares were understood. `collections` are the
    classes of which it holds lists by a relationship.
    """

    name: str
    line: int
    table: str
    bases: tuple[str, ...]
    columns: tuple[ColumnFacts, ...]
    indexes: tuple[IndexFacts, ...] = ()
    whole: bool = True
    is_table: bool = True
    options: int = 0
    """The line where an index of several columns is declared: of `__table_args__`, if there is one."""


class OperationFacts(NamedTuple):
    """One operation of a migration: `create_table`, `create_index`, `drop_index` and the like.

    A `table` of `*` or a column of `*` is one that the file computes.
    """

    kind: str
    table: str
    name: str = ""
    columns: tuple[str, ...] = ()
    unique: bool = False
    line: int = 0


class StatementFacts(NamedTuple):
    """A query that is built with SQLAlchemy, in parts that name models by their dotted names.

    `entities` maps each alias to its model. In the templates `{alias.attribute}` stands for a
    column. `sources` are the aliases that are selected from, `joins` are alias, condition (empty: by the foreign key) and whether it is outer;
    `conditions` are template and whether it always applies.
    """

    line: int
    function: str
    verb: str
    entities: tuple[tuple[str, str], ...]
    sources: tuple[str, ...] = ()
    joins: tuple[tuple[str, str, bool], ...] = ()
    conditions: tuple[tuple[str, bool], ...] = ()
    order: tuple[str, ...] = ()
    limited: bool = False


class TextFacts(NamedTuple):
    """A text that defines a part of the schema; a hole in it is `{}` and makes it not `whole`."""

    sql: str
    line: int
    whole: bool


class SchemaFacts(NamedTuple):
    """Everything about the database that one file defines or asks."""

    models: tuple[ModelFacts, ...] = ()
    texts: tuple[TextFacts, ...] = ()
    operations: tuple[OperationFacts, ...] = ()
    revision: tuple[str, tuple[str, ...]] = ("", ())
    indexes: tuple[tuple[str, IndexFacts], ...] = ()
    """Indexes that stand outside of a class: the model or table, and the index."""
    statements: tuple[StatementFacts, ...] = ()


def rebuilt(raw: Iterable[Any]) -> SchemaFacts:
    """The facts from the plain tuples that a cache gives back."""
    made = SchemaFacts._make(raw)
    return made._replace(
        models=tuple(map(_model, made.models)),
        texts=tuple(map(TextFacts._make, made.texts)),
        operations=tuple(map(OperationFacts._make, made.operations)),
        indexes=tuple((owner, IndexFacts._make(index)) for owner, index in made.indexes),
        statements=tuple(map(StatementFacts._make, made.statements)),
    )


def _model(raw: Iterable[Any]) -> ModelFacts:
    made = ModelFacts._make(raw)
    return made._replace(
        columns=tuple(map(ColumnFacts._make, made.columns)),
        indexes=tuple(map(IndexFacts._make, made.indexes)),
    )
