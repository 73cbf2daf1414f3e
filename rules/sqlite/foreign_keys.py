"""Which foreign keys of a file's models no index begins with."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.schema.models import models_of
from rules.core.sql.index_advice import Advice, advice
from rules.core.sql.planner import quoted
from rules.core.sql.rendering import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.schema.facts import ColumnFacts
    from rules.core.schema.tables import Schema, Table
    from rules.core.source import SourceFile


@dataclass(frozen=True, slots=True, eq=False)
class ForeignKey:
    """A column that refers to another table, at its statement, with the index that it lacks."""

    node: ast.stmt
    column: ColumnFacts
    advice: Advice

    @property
    def parent(self) -> str:
        """The table that it refers to."""
        return self.column.foreign.rpartition(".")[0]

    @property
    def follows_deletion(self) -> bool:
        """Whether rows are deleted or changed along with the row that they refer to."""
        return any(
            isinstance(node, ast.keyword) and node.arg == "ondelete" for node in ast.walk(self.node)
        )


def foreign_keys(file: SourceFile, schema: Schema) -> Iterator[ForeignKey]:
    """Each foreign key without an index, in the order of the text."""
    project = file.project
    if project is None or "oreign" not in file.text:
        return
    statements = {
        node.lineno: node
        for node in (*file.of(ast.AnnAssign), *file.of(ast.Assign))
        if isinstance(file.parent(node), ast.ClassDef)
    }
    for model in models_of(file):
        table = schema.table(model.name) if model.is_table else None
        for column in model.columns if table is not None else ():
            node = statements.get(column.line)
            if node is None or table is None or not _is_bare_key(column):
                continue
            if (found := _advice(project, table, column)) is not None:
                yield ForeignKey(node, column, found)


def _is_bare_key(column: ColumnFacts) -> bool:
    return bool(column.foreign) and not (column.indexed or column.unique or column.primary)


def _advice(project: Project, table: Table, column: ColumnFacts) -> Advice | None:
    """What the database asks when a row of the other table goes: whether any refers to it."""
    name = quoted(table.name or table.class_)
    asked = " ".join(["SELECT 1 FROM", name, "WHERE", quoted(column.name), "= ?"])
    found = advice(project, Rendered(asked, (table,)))
    return found if found is not None and found.columns == (column.name,) else None
