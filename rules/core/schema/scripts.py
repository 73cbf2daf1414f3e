"""The tables that SQL texts define, each as its own file or the whole project defines it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.schema.facts import ColumnFacts
from rules.core.sql.planner import Planner
from rules.core.sql.reading import altered, created, definition, indexed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import ModuleFacts
    from rules.core.project import Project
    from rules.core.schema.tables import Table


@dataclass(slots=True, eq=False)
class _Draft:
    """A table or view while the texts about it are gathered."""

    name: str
    path: str
    line: int
    kind: str
    definitions: list[str]
    unsure: set[str] = field(default_factory=set[str])
    whole: bool = True


class Scripts:
    """Tables by name; a name that two files define differently means its own file's table."""

    def __init__(self, project: Project) -> None:
        self._drafts: dict[str, dict[str, _Draft]] = {}
        self._known: dict[tuple[str, str], Table | None] = {}
        self.computed = False
        self.has_search = False
        for facts in (*project.scripts, *project.modules.values()):
            self._read(facts)

    @property
    def names(self) -> list[str]:
        """Every name that is defined, in lower case."""
        return list(self._drafts)

    def definitions(self) -> dict[str, tuple[str, ...]]:
        """The texts that make each table or view, by its name, whichever file they stand in."""
        return {
            name: tuple(sql for draft in drafts.values() for sql in draft.definitions)
            for name, drafts in self._drafts.items()
        }

    def is_defined(self, name: str) -> bool:
        """Whether any text creates a table or view of this name."""
        return name.lower() in self._drafts

    def is_defined_in(self, path: str) -> bool:
        """Whether a file defines any table."""
        return any(path in drafts for drafts in self._drafts.values())

    def table(self, name: str, path: str) -> Table | None:
        """The table or view that a text of this file means; None when that cannot be told."""
        key = (name.lower(), path)
        if key not in self._known:
            draft = self._draft(*key)
            self._known[key] = _table(draft) if draft is not None else None
        return self._known[key]

    def _draft(self, name: str, path: str) -> _Draft | None:
        drafts = self._drafts.get(name, {})
        if path in drafts:
            return drafts[path]
        different = {
            tuple("".join(draft.definitions[0].lower().split())) for draft in drafts.values()
        }
        return next(iter(drafts.values())) if len(different) == 1 else None

    def _read(self, facts: ModuleFacts) -> None:
        for text in facts.schema.texts:
            sql = definition(text.sql)
            if (made := created(sql)) is not None:
                self._create(made, sql, facts.path, text.line)
            elif (index := indexed(sql)) is not None:
                self._change(index[0], facts.path, sql)
            elif (change := altered(sql)) is not None:
                self._alter(change, facts.path, sql)
            elif "drop" not in sql[:10].lower():
                self.computed = True

    def _create(self, made: tuple[str, str], sql: str, path: str, line: int) -> None:
        kind, name = made
        if kind == "virtual":
            self.has_search = self.has_search or "fts" in sql.lower()
        if "{" in name:
            self.computed = True
            return
        drafts = self._drafts.setdefault(name, {})
        if path not in drafts or len(drafts[path].definitions[0]) < len(sql):
            earlier = drafts[path].definitions[1:] if path in drafts else []
            whole = "{}" not in sql and kind not in {"virtual", "temp"}
            drafts[path] = _Draft(name, path, line, kind, [sql, *earlier], whole=whole)

    def _alter(self, change: tuple[str, str], path: str, sql: str) -> None:
        name, renamed = change
        if "{" in name:
            self.computed = True
        elif renamed and path in self._drafts.get(name, {}):
            draft = self._drafts[name].pop(path)
            draft.definitions.append(sql)
            draft.name = renamed
            self._drafts.setdefault(renamed, {})[path] = draft
        else:
            self._change(name, path, sql)

    def _change(self, name: str, path: str, sql: str) -> None:
        drafts = self._drafts.get(name, {})
        for draft in [drafts[path]] if path in drafts else drafts.values():
            draft.definitions.append(sql)
            if "{}" in sql:
                draft.whole = False
                draft.unsure.add("*")


def _table(draft: _Draft) -> Table | None:
    """The table that the gathered texts make; None when SQLite cannot read how it begins."""
    from rules.core.schema.tables import Table

    definitions = [_filled(sql) for sql in draft.definitions]
    planner = Planner(definitions)
    columns = {column.name: column for column in _columns(planner, draft)}
    refused = [sql for sql, reason in planner.refused if not _is_harmless(reason)]
    planner.close()
    if not columns:
        return None
    unsure = set(draft.unsure) | {"*" for sql in refused if "index" in sql[:30].lower()}
    kept = tuple(sql for sql in definitions if sql not in refused)
    return Table(
        draft.name, draft.path, draft.line, kept, columns,
        unsure=frozenset(unsure), whole=draft.whole and not refused,
    )  # fmt: skip


def _is_harmless(reason: str) -> bool:
    return "duplicate column" in reason or "already exists" in reason


def _filled(sql: str) -> str:
    """A definition whose holes stand for types: `id {serial}` is taken as a primary key."""
    return sql.replace("{}", "INTEGER")


def _columns(planner: Planner, draft: _Draft) -> Iterator[ColumnFacts]:
    """The columns as SQLite understood them; a view has none of its own."""
    for name, kind, primary in planner.columns(draft.name) if draft.kind != "view" else ():
        yield ColumnFacts(name.lower(), name, kind, draft.line, primary=primary)
