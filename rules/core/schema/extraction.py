"""The facts about databases in one Python file or one `.sql` file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind
from rules.core.schema.columns import indexes_of, last_name
from rules.core.schema.facts import IndexFacts, SchemaFacts
from rules.core.schema.migrations import is_migration, operations_of, revision_of
from rules.core.schema.models import models_of
from rules.core.schema.texts import statements_in, texts_of
from rules.core.source import kind_of
from rules.core.sql.chains import chains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.names import Names
    from rules.core.source import SourceFile


def schema_facts_of(file: SourceFile, names: Names) -> SchemaFacts:
    """What a Python file says about a schema; a test's own tables are nobody's."""
    if file.kind is FileKind.TEST:
        return SchemaFacts()
    if is_migration(file):
        return SchemaFacts(
            texts=tuple(texts_of(file)),
            operations=tuple(operations_of(file)),
            revision=revision_of(file),
        )
    built = chains(file, names) if file.kind is FileKind.CODE else ()
    return SchemaFacts(
        models=tuple(models_of(file)),
        texts=tuple(texts_of(file)),
        indexes=tuple(_indexes_outside(file, names)),
        statements=tuple(one.facts for one in built if one.facts.conditions or one.facts.joins),
    )


def schema_facts_of_sql(path: str, text: str) -> SchemaFacts:
    """What a `.sql` file says about a schema."""
    if kind_of(path) is FileKind.TEST:
        return SchemaFacts()
    return SchemaFacts(texts=tuple(statements_in(text)))


def _indexes_outside(file: SourceFile, names: Names) -> Iterator[tuple[str, IndexFacts]]:
    """Each `Index("name", Model.column)` that stands at the level of the module."""
    for call in file.calls("Index") if "Index" in file.called_names else ():
        if not isinstance(file.parent(call), (ast.Expr, ast.Assign)):
            continue
        owners = [owner for argument in call.args[1:] for owner in _owners(argument)]
        index = indexes_of(file, call)
        if index is not None and owners:
            yield names.of(owners[0]) or "?", index


def _owners(node: ast.expr) -> Iterator[ast.expr]:
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and last_name(child.value) not in {
            "c",
            "columns",
            "func",
        }:
            yield child.value
        elif isinstance(child, ast.Attribute) and isinstance(child.value, ast.Attribute):
            yield child.value.value
