"""What the files of a project together say about its database: who commits, what is configured."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rules.core.rule import FileKind
from rules.core.source import kind_of
from rules.core.web.urls import dependencies_asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project


_CUSTOM = 4
"""So many places that do the same are how a project does it; so many times as many as do not."""


class Connect(NamedTuple):
    """A place that connects to a SQLite database on disk, and through what: `sqlite3`, `sqlalchemy`."""

    path: str
    line: int
    driver: str


class Database:
    """Answers questions about the database code of a whole project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def pragmas(self) -> frozenset[str]:
        """Everything that any file of the project configures; see `pragmas_of`."""
        return frozenset(
            setting for facts in self._project.modules.values() for setting in facts.pragmas
        )

    def sets(self, pragma: str) -> bool:
        """Whether a pragma is set anywhere, or may be by a computed text."""
        return any(found == "?" or found.split("=")[0] == pragma for found in self.pragmas)

    @cached_property
    def connects(self) -> tuple[Connect, ...]:
        """Where the program (not its tests or scripts) connects to SQLite on disk, by path."""
        return tuple(sorted(self._connects()))

    def _connects(self) -> Iterator[Connect]:
        for facts in self._project.modules.values():
            if kind_of(facts.path) is not FileKind.CODE:
                continue
            for driver, line, in_memory in facts.sql.connects:
                if not in_memory:
                    yield Connect(facts.path, line, driver)

    # Commits

    def commits(self, function: str) -> bool:
        """Whether a function, or anything that it calls, commits or may."""
        return function in self._committing

    @cached_property
    def _committing(self) -> frozenset[str]:
        found = {name for facts in self._project.modules.values() for name in facts.sql.commits}
        return self._with_callers(found)

    def commits_by_hand(self, opener: str) -> int:
        """How many blocks commit what they write in the session of an opener, if all but few do.

        0 where too few blocks are known, or where a function with that last name commits itself.
        """
        committed, left = self._blocks.get(opener, (0, 0))
        if committed < _CUSTOM or left * _CUSTOM > committed:
            return 0
        return 0 if opener in self._committing_names else committed

    @cached_property
    def _committing_names(self) -> frozenset[str]:
        """Last names of the functions for which `commits` is true."""
        return frozenset(name.rpartition(".")[2] for name in self._committing)

    @cached_property
    def _blocks(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for facts in self._project.modules.values():
            for opener, committed, left in facts.sql.blocks:
                before = found.get(opener, (0, 0))
                found[opener] = before[0] + committed, before[1] + left
        return found

    def writes(self, function: str) -> bool:
        """Whether a function writes through a connection or session that it is given."""
        return function in self._writing

    def opens(self, function: str) -> bool:
        """Whether a function returns a connection or session that it opened."""
        return function in self._opening

    @cached_property
    def _opening(self) -> frozenset[str]:
        return frozenset(
            name for facts in self._project.modules.values() for name in facts.sql.opens
        )

    @cached_property
    def given(self) -> dict[str, str]:
        """Functions that leave a new connection to their caller, with what they connect by."""
        return {
            name: connect
            for facts in self._project.modules.values()
            for name, connect in facts.sql.given
        }

    @cached_property
    def writing_names(self) -> frozenset[str]:
        """Last names of the functions for which `writes` is true, for a first look."""
        return frozenset(name.rpartition(".")[2] for name in self._writing)

    @cached_property
    def _writing(self) -> frozenset[str]:
        return frozenset(
            name for facts in self._project.modules.values() for name in facts.sql.writes
        )

    def _with_callers(self, functions: set[str]) -> frozenset[str]:
        waiting = list(functions)
        while waiting:
            callee = waiting.pop()
            for caller in self._project.calls.callers(callee):
                if caller not in functions:
                    functions.add(caller)
                    waiting.append(caller)
        return frozenset(functions)

    def dependencies(self, function: str) -> tuple[str, ...]:
        """The dotted names of what a function asks for by `Depends`; `?` where nobody can tell."""
        known, facts = self._project.functions.get(function), self._project.module_of(function)
        if known is None or facts is None:
            return ()
        return tuple(dependencies_asked(self._project, known.depends, facts.module))

    # Models

    def relationship(self, class_: str, attribute: str) -> str | None:
        """How a model's relationship is loaded (`select` is the default); None: it has none."""
        return self._relationships.get((class_, attribute))

    def has_relationships(self, class_: str) -> bool:
        """Whether a class is a model with relationships of its own."""
        return class_ in self._related

    @cached_property
    def relationship_names(self) -> frozenset[str]:
        """The names of all relationships of all models, for a first look."""
        return frozenset(attribute for _, attribute in self._relationships)

    @cached_property
    def _related(self) -> frozenset[str]:
        return frozenset(class_ for class_, _ in self._relationships)

    @cached_property
    def _relationships(self) -> dict[tuple[str, str], str]:
        return {
            (class_, attribute): strategy
            for facts in self._project.modules.values()
            for class_, attribute, strategy in facts.sql.relationships
        }
