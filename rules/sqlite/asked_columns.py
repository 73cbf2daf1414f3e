"""Which columns of a file's models the queries of the whole project look for without an index."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.rule import Step
from rules.core.schema.models import declaring, models_of
from rules.core.sql.index_advice import Advice, advice_on_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.schema.facts import StatementFacts
    from rules.core.schema.tables import Schema
    from rules.core.source import SourceFile
    from rules.core.sql.index_candidates import Index

_MAX_STATEMENTS = 2000
_SHOWN = 3


@dataclass(slots=True, eq=False)
class Asked:
    """An index that is missing: the advice, and who asks for it."""

    advice: Advice
    index: Index
    where: str
    steps: list[Step] = field(default_factory=list[Step])
    count: int = 0


def asked_columns(file: SourceFile, schema: Schema) -> Iterator[tuple[ast.stmt, Asked]]:
    """Each missing index on the file's models, at the statement that would declare it."""
    if file.project is None or file.project.modules.get(file.module) is None:
        return
    models = [model.name for model in file.project.modules[file.module].schema.models]
    if not models:
        return
    found: dict[tuple[str, tuple[str, ...]], Asked] = {}
    for statement, module in _about(file.project, schema, models)[:_MAX_STATEMENTS]:
        advised = advice_on_query(file.project, statement, schema, module)
        for index in advised.indexes if advised is not None else ():
            if advised is not None and index.table.path == file.path:
                _count(found, advised, index, statement, file.project.modules[module].path)
    wanted = _longest(list(found.values()))
    yield from _at_columns(file, [asked for asked in wanted if len(asked.index.columns) == 1])
    yield from _at_classes(file, [asked for asked in wanted if len(asked.index.columns) > 1])


def _longest(found: list[Asked]) -> list[Asked]:
    """Without an index that a longer one begins with, which answers the same queries."""
    longer = {(a.index.table.label, a.index.names[:1]) for a in found if len(a.index.names) > 1}
    return [
        a
        for a in found
        if len(a.index.names) > 1 or (a.index.table.label, a.index.names) not in longer
    ]


def _at_columns(file: SourceFile, wanted: list[Asked]) -> Iterator[tuple[ast.stmt, Asked]]:
    lines = {line: asked for asked in wanted if (line := _line(asked.index))}
    bare = _without_index(file) if lines else set[int]()
    for node in (*file.of(ast.AnnAssign), *file.of(ast.Assign)):
        if node.lineno not in lines or node.lineno not in bare:
            continue
        if isinstance(file.parent(node), ast.ClassDef):
            yield node, lines[node.lineno]


def _at_classes(file: SourceFile, wanted: list[Asked]) -> Iterator[tuple[ast.stmt, Asked]]:
    """At `__table_args__`, where there is one, else at `__tablename__`."""
    declared = {index.columns for model in models_of(file) for index in model.indexes}
    places = {node.lineno: node for node in map(declaring, file.of(ast.ClassDef))}
    for asked in wanted:
        place = places.get(asked.index.table.options)
        if place is not None and asked.index.names not in declared:
            yield place, asked


def _without_index(file: SourceFile) -> set[int]:
    """The lines of columns that have no index in the text at hand, which may be an edited one."""
    columns = (column for model in models_of(file) for column in model.columns)
    return {column.line for column in columns if not (column.indexed or column.unique)}


def _count(
    found: dict[tuple[str, tuple[str, ...]], Asked],
    advised: Advice,
    index: Index,
    statement: StatementFacts,
    path: str,
) -> None:
    where = statement.function.rsplit(".", 1)[-1]
    asked = found.setdefault((index.table.label, index.names), Asked(advised, index, where))
    asked.count += 1
    if len(asked.steps) < _SHOWN:
        names = " and ".join(f"`{name}`" for name in index.names)
        asked.steps.append(Step(path, statement.line, f"`{where}` asks for {names}"))


def _line(index: Index) -> int:
    columns = index.table.columns.values()
    return next(column.line for column in columns if column.name == index.names[0])


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
