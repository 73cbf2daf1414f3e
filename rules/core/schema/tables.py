"""The database of a whole project: tables, columns and indexes, as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rules.core.schema.indexes import DeclaredIndexes
from rules.core.schema.models import named_by
from rules.core.schema.scripts import Scripts
from rules.core.sql.planner import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.schema.facts import ColumnFacts, IndexFacts, ModelFacts

_HOPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table. `definitions` make it in SQLite; `columns` are by the attribute's name.

    `unsure` names columns of which nobody can tell whether they have an index; it is `*` for
    all when the indexes of the table are computed. `class_` is the model's dotted name.
    """

    name: str
    path: str
    line: int
    definitions: tuple[str, ...]
    columns: dict[str, ColumnFacts]
    class_: str = ""
    unsure: frozenset[str] = field(default_factory=frozenset[str])
    whole: bool = True
    options: int = 0
    """Where an index of several columns is declared, for a model."""

    @property
    def label(self) -> str:
        """How a message names the table."""
        return self.name or self.class_.rsplit(".", 1)[-1]


class Schema:
    """Answers which table a model or a name in SQL means."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._tables: dict[str, Table | None] = {}

    @cached_property
    def _models(self) -> dict[str, tuple[ModelFacts, str]]:
        """Every model and mixin by its dotted name, with its module."""
        return {
            model.name: (model, module)
            for module, facts in self._project.modules.items()
            for model in facts.schema.models
        }

    @cached_property
    def indexes(self) -> DeclaredIndexes:
        """Indexes that stand outside of the models: in migrations, texts, at module level."""
        return DeclaredIndexes(self._project)

    @cached_property
    def scripts(self) -> Scripts:
        """The tables that SQL texts define."""
        return Scripts(self._project)

    def named(self, name: str, path: str) -> Table | None:
        """The table that a name in an SQL text of a file means; None when nobody can be sure."""
        found = self.scripts.table(name, path)
        if found is not None or self.scripts.is_defined(name):
            return found
        classes = self._by_table.get(name.lower(), [])
        return self.table(classes[0]) if len(classes) == 1 else None

    @cached_property
    def _by_table(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, (model, _) in self._models.items():
            if model.table not in {"", "?"}:
                found.setdefault(model.table.lower(), []).append(name)
        return found

    def model(self, name: str, module: str) -> Table | None:
        """The table of the model that a module names so; None when it is no model."""
        plain = name.partition(" as ")[0]
        if plain not in self._models:
            plain = self._project.resolve(plain, module)
        return self.table(plain) if plain in self._models else None

    def table(self, class_: str) -> Table | None:
        """The table of a model by its dotted name; None when it has none of its own."""
        if class_ not in self._tables:
            self._tables[class_] = None
            self._tables[class_] = self._build(class_)
        return self._tables[class_]

    def definitions(self) -> dict[str, tuple[str, ...]]:
        """What makes each table, by the dotted name of its model and by its own name."""
        found = self.scripts.definitions()
        for class_ in sorted(self._models):
            if (table := self.table(class_)) is not None:
                found[class_] = found[table.name.lower()] = table.definitions
        return found

    def _build(self, class_: str) -> Table | None:
        model, module = self._models[class_]
        if not model.is_table:
            return self._inherited_table(class_)
        family = list(self._family(class_))
        if any(other.is_table and other.table[:1].isalpha() for other, _ in family[1:]
               if other.name != class_ and "()" not in other.table):  # fmt: skip
            return None
        columns: dict[str, ColumnFacts] = {}
        for member, _ in reversed(family):
            columns.update((column.attribute, column) for column in member.columns)
        if not columns:
            return None
        name = self._name(model, family)
        indexes = self._indexes(family, name)
        unsure = {column.name for column in columns.values() if not column.known}
        if not all(member.whole for member, _ in family) or self.indexes.is_unsure(name):
            unsure.add("*")
        path = self._project.modules[module].path
        definitions = tuple(_definitions(name or class_, columns, indexes))
        return Table(
            name, path, model.line, definitions, columns, class_, frozenset(unsure),
            options=model.options,
        )  # fmt: skip

    def _inherited_table(self, class_: str) -> Table | None:
        """The table of a parent, for a subclass in single-table inheritance."""
        for member, _ in list(self._family(class_))[1:]:
            if member.is_table and "()" not in member.table:
                return self.table(member.name)
        if any("()" in member.table for member, _ in self._family(class_)):
            return self._build_named(class_)
        return None

    def _build_named(self, class_: str) -> Table | None:
        model, module = self._models[class_]
        if not any(
            column.primary for member, _ in self._family(class_) for column in member.columns
        ):
            return None
        self._models[class_] = (model._replace(is_table=True), module)
        return self._build(class_)

    def _name(self, model: ModelFacts, family: list[tuple[ModelFacts, str]]) -> str:
        if model.table and model.table[0].isalpha() and "()" not in model.table:
            return model.table
        rules = (member.table for member, _ in family if member.table)
        rule = next(rules, "")
        return named_by(rule, model.name) if "()" in rule else rule.replace("?", "")

    def _family(self, class_: str) -> Iterator[tuple[ModelFacts, str]]:
        """A model and those of its ancestors that say something, the nearest first."""
        seen: set[str] = set()
        waiting = [class_]
        while waiting and len(seen) < 40:
            current = waiting.pop(0)
            if current in seen:
                continue
            seen.add(current)
            if current in self._models:
                yield self._models[current]
            waiting.extend(self._bases(current))

    def _bases(self, class_: str) -> list[str]:
        known = self._project.classes.get(class_)
        facts = self._project.module_of(class_)
        if known is None or facts is None:
            return []
        return [self._project.resolve(base, facts.module) for base in known.bases if base]

    def _indexes(self, family: list[tuple[ModelFacts, str]], name: str) -> Iterator[IndexFacts]:
        for member, _ in family:
            yield from member.indexes
            yield from self.indexes.of_model(member.name)
        if name:
            yield from self.indexes.of_table(name)


def _definitions(
    name: str, columns: dict[str, ColumnFacts], indexes: Iterator[IndexFacts]
) -> Iterator[str]:
    """The table of a model and its indexes as SQLite makes them."""
    found = {column.name.lower(): column for column in columns.values()}
    keys = [quoted(column.name) for column in found.values() if column.primary]
    parts = [f"{quoted(column.name)} {_affinity(column)}" for column in found.values()]
    if keys:
        parts.append(f"PRIMARY KEY ({', '.join(keys)})")
    yield f"CREATE TABLE {quoted(name)} ({', '.join(parts)})"
    number = 0
    for column in found.values():
        if column.indexed or column.unique:
            number += 1
            kind = "UNIQUE INDEX" if column.unique else "INDEX"
            yield f"CREATE {kind} {quoted(f'{name} {number}')} ON {quoted(name)} ({quoted(column.name)})"
    for index in indexes:
        number += 1
        names = [columns[item].name if item in columns else item for item in index.columns]
        if names and all(item.lower() in found for item in names):
            listed = ", ".join(map(quoted, names))
            kind = "UNIQUE INDEX" if index.unique else "INDEX"
            yield f"CREATE {kind} {quoted(f'{name} {number}')} ON {quoted(name)} ({listed})"


def _affinity(column: ColumnFacts) -> str:
    if column.type in {"Integer", "int", "BigInteger", "SmallInteger"}:
        return "INTEGER"
    return "NUMERIC" if column.type in {"Float", "float", "Numeric", "Decimal"} else "TEXT"


def schema_of(project: Project) -> Schema:
    """The schema of a project; linked once."""
    return project.memo("schema", lambda: Schema(project))
