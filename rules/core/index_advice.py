"""Which index a statement lacks: every column it names is tried, and SQLite says which one helps."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rules.core.planner import TRIED, PlanError, Planner
from rules.tables.columns import has_few_values, is_for_many_rows, is_small, selectivity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.rendering import Rendered
    from rules.core.schema import Table

type Use = Literal["equality", "range", "order"]

_MAX_TRIES = 16
_MAX_PLANNERS = 200
_SORTED = "USE TEMP B-TREE FOR ORDER BY"
_MATTERS = re.compile(r"\b(where|join|order\s+by)\b", re.IGNORECASE)
_COMPARED_WITH_CONSTANT = re.compile(
    r"[\"`]?(\w+)[\"`]?\s*(?:(?:=|==|<>|!=|IS|IS\s+NOT|IN|NOT\s+IN|<|<=|>|>=)\s*\(?\s*"
    r"(?:'[^']*'|-?\d+(?:\.\d+)?\b|NULL|NOT\s+NULL|TRUE|FALSE))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """An index that would change a plan, with the plan before and after it was tried."""

    table: Table
    column: str
    use: Use
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def index_name(self) -> str:
        """The name that the index gets by the usual convention."""
        return f"ix_{self.table.label}_{self.column}".replace(".", "_")

    @property
    def index(self) -> str:
        """The statement that makes it."""
        return f"CREATE INDEX {self.index_name} ON {self.table.label} ({self.column})"


def advice(project: Project, statement: Rendered) -> Advice | None:
    """The index that a statement lacks most; None when none would help or none can be sure."""
    if not _MATTERS.search(statement.sql):
        return None
    key = f"advice:{statement.sql}:{','.join(str(id(table)) for table in statement.tables)}"
    return project.memo(key, lambda: _advice(project, statement))


def planner_of(project: Project, tables: tuple[Table, ...]) -> Planner:
    """The planner that holds just these tables; the same one for the same tables."""
    kept: dict[tuple[int, ...], Planner] = project.memo("planners", dict[tuple[int, ...], Planner])
    key = tuple(sorted(id(table) for table in tables))
    if key not in kept:
        if len(kept) >= _MAX_PLANNERS:
            kept.pop(next(iter(kept))).close()
        kept[key] = Planner(sql for table in tables for sql in table.definitions)
    return kept[key]


def _advice(project: Project, statement: Rendered) -> Advice | None:
    if any("*" in table.unsure for table in statement.tables):
        return None
    candidates = _candidates(statement)
    if not candidates:
        return None
    planner = planner_of(project, statement.tables)
    try:
        before = planner.plan(statement.sql)
    except PlanError:
        return None
    if not _scans(before) or any("MULTI-INDEX" in line for line in before):
        return None
    tried = list(_tried(planner, statement, before, candidates))
    return max(tried, key=_worth, default=None)


def _candidates(statement: Rendered) -> list[tuple[Table, str]]:
    """The columns that the statement names and that an index could be about."""
    words = set(re.findall(r"\w+", statement.sql.lower()))
    return [
        (table, column.name)
        for table in statement.tables
        if not is_small(table)
        for column in table.columns.values()
        if column.name.lower() in words and column.known and not (column.indexed or column.unique)
        if is_for_many_rows(column) or not has_few_values(column)
    ]


def _tried(
    planner: Planner,
    statement: Rendered,
    before: tuple[str, ...],
    candidates: list[tuple[Table, str]],
) -> Iterator[Advice]:
    fixed = {name.lower() for name in _COMPARED_WITH_CONSTANT.findall(statement.sql)}
    for table, column in candidates[:_MAX_TRIES]:
        with suppress(PlanError):
            after = _plan_with(planner, table, column, statement.sql)
            use = _use(before, after, statement)
            if use is not None and _is_worth_it(statement, table, column, use, fixed):
                found = Advice(table, column, use, _shown(before, statement), ())
                yield replace(found, after=_shown(after, statement, found.index_name))


def _plan_with(planner: Planner, table: Table, column: str, sql: str) -> tuple[str, ...]:
    with planner.with_index(table.name or table.class_, [column]):
        return planner.plan(sql)


def _use(before: tuple[str, ...], after: tuple[str, ...], statement: Rendered) -> Use | None:
    """What the tried index is used for; None when it changes nothing that counts."""
    using = next((line for line in after if TRIED in line), "")
    if using.startswith("SEARCH") and _scans(after) < _scans(before):
        return "equality" if re.search(r"\(\w+=\?", using) else "range"
    if statement.limited and using and _SORTED in before and _SORTED not in after:
        return "order"
    return None


def _is_worth_it(statement: Rendered, table: Table, column: str, use: Use, fixed: set[str]) -> bool:
    known = next(found for found in table.columns.values() if found.name == column)
    if not known.known or column in table.unsure:
        return False
    if use == "equality":
        always = statement.always is None or (table.label, column.lower()) in statement.always
        return always and column.lower() not in fixed and not has_few_values(known)
    return is_for_many_rows(known) and statement.always is None


def _worth(found: Advice) -> tuple[int, int]:
    known = next(c for c in found.table.columns.values() if c.name == found.column)
    return {"equality": 2, "range": 1, "order": 0}[found.use], selectivity(known)


def _scans(plan: tuple[str, ...]) -> int:
    return sum(
        line.startswith("SCAN ") and not line.startswith(("SCAN CONSTANT", "SCAN (", "SCAN json"))
        for line in plan
    )


def _shown(plan: tuple[str, ...], statement: Rendered, index: str = TRIED) -> tuple[str, ...]:
    """The plan in the names of the project."""
    aliases = dict(statement.aliases)
    return tuple(
        re.sub(r"\bt\d+\b", lambda found: aliases.get(found[0], found[0]), line).replace(
            TRIED, index
        )
        for line in plan
    )
