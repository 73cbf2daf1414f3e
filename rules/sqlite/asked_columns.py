"""Which columns of a file's models the queries of the whole project look for without an index."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.index_advice import Advice, advice
from rules.core.rendering import render
from rules.core.rule import Step
from rules.core.schema_models import models_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.schema import Schema
    from rules.core.schema_facts import StatementFacts
    from rules.core.source import SourceFile

_MAX_STATEMENTS = 600
_SHOWN = 3


@dataclass(slots=True, eq=False)
class Asked:
    """A column without an index: the best advice, and who asks for it."""

    advice: Advice
    where: str
    steps: list[Step] = field(default_factory=list[Step])
    count: int = 0


def asked_columns(file: SourceFile, schema: Schema) -> Iterator[tuple[ast.stmt, Asked]]:
    """Each such column of the file's models, at the statement that declares it."""
    if file.project is None or file.project.modules.get(file.module) is None:
        return
    models = [m.name for m in file.project.modules[file.module].schema.models if m.is_table]
    if not models:
        return
    found: dict[tuple[str, str], Asked] = {}
    for statement, module in _about(file.project, schema, models)[:_MAX_STATEMENTS]:
        rendered = render(statement, schema, module)
        advised = advice(file.project, rendered) if rendered is not None else None
        if advised is not None and advised.table.path == file.path:
            _count(found, advised, statement, file.project.modules[module].path)
    lines = {line: asked for asked in found.values() if (line := _line(asked.advice))}
    bare = _without_index(file) if lines else set[int]()
    for node in (*file.of(ast.AnnAssign), *file.of(ast.Assign)):
        if node.lineno not in lines or node.lineno not in bare:
            continue
        if isinstance(file.parent(node), ast.ClassDef):
            yield node, lines[node.lineno]


def _without_index(file: SourceFile) -> set[int]:
    """The lines of columns that have no index in the text at hand, which may be an edited one."""
    columns = (column for model in models_of(file) for column in model.columns)
    return {column.line for column in columns if not (column.indexed or column.unique)}


def _count(
    found: dict[tuple[str, str], Asked], advised: Advice, statement: StatementFacts, path: str
) -> None:
    key = (advised.table.label, advised.column)
    where = statement.function.rsplit(".", 1)[-1]
    asked = found.setdefault(key, Asked(advised, where))
    asked.count += 1
    if len(asked.steps) < _SHOWN:
        asked.steps.append(Step(path, statement.line, f"`{where}` asks for `{advised.column}`"))


def _line(advised: Advice) -> int:
    return next(
        column.line for column in advised.table.columns.values() if column.name == advised.column
    )


def _about(project: Project, schema: Schema, models: list[str]) -> list[tuple[StatementFacts, str]]:
    """The queries of the project that name one of these models, in the order of the paths."""
    table = project.memo("queries.by_model", lambda: _by_model(project, schema))
    found = {id(item[0]): item for model in models for item in table.get(model, ())}
    return list(found.values())


def _by_model(project: Project, schema: Schema) -> dict[str, list[tuple[StatementFacts, str]]]:
    found: dict[str, list[tuple[StatementFacts, str]]] = {}
    for module, facts in project.modules.items():
        for statement in facts.schema.statements:
            for _, model in statement.entities:
                if (table := schema.model(model, module)) is not None:
                    found.setdefault(table.class_, []).append((statement, module))
    return found
