"""Indexes that stand outside of the models: in migrations, in texts, at the level of a module."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rules.core.schema.facts import IndexFacts
from rules.core.sql.reading import definition, indexed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import ModuleFacts
    from rules.core.project import Project
    from rules.core.schema.facts import OperationFacts


class DeclaredIndexes:
    """What migrations leave behind when all have run, and what texts and modules add."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._by_table: dict[str, dict[str, IndexFacts]] = {}
        self._everywhere: list[IndexFacts] = []
        self._unsure: set[str] = set()
        for facts in _in_order(project):
            for operation in facts.schema.operations:
                self._apply(operation)
        for facts in (*project.modules.values(), *project.scripts):
            self._read_texts(facts)
        self._of_models = self._at_module_level()

    def of_table(self, name: str) -> list[IndexFacts]:
        """The indexes of a table by its name."""
        return [*self._by_table.get(name.lower(), {}).values(), *self._everywhere]

    def of_model(self, name: str) -> list[IndexFacts]:
        """The indexes that a module declares beside the class."""
        return self._of_models.get(name, [])

    def is_unsure(self, name: str) -> bool:
        """Whether some migration gives the table an index whose columns nobody can tell."""
        return name.lower() in self._unsure

    def _apply(self, operation: OperationFacts) -> None:
        table = operation.table.lower()
        match operation.kind:
            case "create_index":
                self._add(table, operation.name, IndexFacts(operation.columns, operation.unique))
            case "drop_index":
                for held in self._by_table.values():
                    held.pop(operation.name, None)
            case "rename_table":
                self._by_table[operation.name.lower()] = self._by_table.pop(table, {})
            case _:
                return

    def _add(self, table: str, name: str, index: IndexFacts) -> None:
        if table == "*" and "*" not in index.columns:
            self._everywhere.append(index)
        elif "*" in index.columns:
            self._unsure.add(table)
        elif table != "*":
            held = self._by_table.setdefault(table, {})
            held[name if name != "*" else f"#{len(held)}"] = index

    def _read_texts(self, facts: ModuleFacts) -> None:
        for text in facts.schema.texts:
            found = indexed(definition(text.sql)) if "index" in text.sql[:40].lower() else None
            if found is None:
                continue
            table, columns, method = found
            if "{}" in table:
                self._everywhere.append(IndexFacts(columns))
            elif method in {"", "btree", "hash"}:
                held = self._by_table.setdefault(table, {})
                held[f"#{len(held)}"] = IndexFacts(columns)

    def _at_module_level(self) -> dict[str, list[IndexFacts]]:
        found: dict[str, list[IndexFacts]] = {}
        for module, facts in self._project.modules.items():
            for owner, index in facts.schema.indexes:
                found.setdefault(self._project.resolve(owner, module), []).append(index)
        return found


def _in_order(project: Project) -> Iterator[ModuleFacts]:
    """The migrations, each after those that it names as its `down_revision`."""
    known = {
        facts.schema.revision[0]: facts
        for facts in project.modules.values()
        if facts.schema.operations or facts.schema.revision[0]
    }
    later: dict[str, list[str]] = {}
    waits: dict[str, int] = {}
    for revision, facts in known.items():
        before = [earlier for earlier in facts.schema.revision[1] if earlier in known]
        waits[revision] = len(before)
        for earlier in before:
            later.setdefault(earlier, []).append(revision)
    ready = deque(sorted(revision for revision, count in waits.items() if not count))
    while ready:
        revision = ready.popleft()
        yield known[revision]
        for following in later.get(revision, ()):
            waits[following] -= 1
            if not waits[following]:
                ready.append(following)
