"""Which index a statement lacks: every one it could use is tried, and SQLite says which helps."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.core.sql.index_candidates import ordered, pairs, ranged, singles
from rules.core.sql.planner import PlanError, Planner, tried
from rules.core.sql.rendering import render, render_shortest
from rules.tables.columns import has_few_values, is_for_many_rows, selectivity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.core.project import Project
    from rules.core.schema.facts import ColumnFacts, StatementFacts
    from rules.core.schema.tables import Schema, Table
    from rules.core.sql.index_candidates import Index
    from rules.core.sql.rendering import Rendered

type Use = Literal["equality", "range", "order", "sort"]
"""`order`: a scan becomes one in order; `sort`: a search finds its rows in order."""

_MAX_PLANNERS = 200
_CLEANING = ("DELETE", "delete")
"""What deletes all that is older than a moment runs now and then, with nobody waiting."""
_SORTED = re.compile(r"USE TEMP B-TREE FOR .*ORDER BY")
_MATTERS = re.compile(r"\b(where|join|order\s+by)\b", re.IGNORECASE)
_COMPARED_WITH_CONSTANT = re.compile(
    r"[\"`]?(\w+)[\"`]?\s*(?:(?:=|==|<>|!=|IS|IS\s+NOT|IN|NOT\s+IN|<|<=|>|>=)\s*\(?\s*"
    r"(?:'[^']*'|-?\d+(?:\.\d+)?\b|NULL|NOT\s+NULL|TRUE|FALSE))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """Indexes that would change a plan, with the plan before and after they were tried.

    There is one, or two where a join or an `OR` has two sides; `use` is that of the first.
    """

    indexes: tuple[Index, ...]
    use: Use
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def table(self) -> Table:
        """The table of the first index."""
        return self.indexes[0].table

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the first index."""
        return self.indexes[0].names


def advice(project: Project, statement: Rendered) -> Advice | None:
    """The index that a statement lacks most; None when none would help or none can be sure."""
    if not _MATTERS.search(statement.sql):
        return None
    key = f"advice:{statement.sql}:{','.join(str(id(table)) for table in statement.tables)}"
    return project.memo(key, lambda: _advice(project, statement))


def advice_on_query(
    project: Project, facts: StatementFacts, schema: Schema, module: str
) -> Advice | None:
    """The same for a query in parts: with all its conditions, or without those on an owner."""
    rendered = render(facts, schema, module)
    found = advice(project, rendered) if rendered is not None else None
    if rendered is None or found is not None:
        return found
    shortest = render_shortest(facts, schema, module)
    found = advice(project, shortest) if shortest is not None else None
    return found if found is not None and found.use == "equality" else None


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
    alone, sorting = singles(statement), ordered(statement) if statement.limited else []
    if not alone and not sorting:
        return None
    try:
        trial = _Trial(planner_of(project, statement.tables), statement)
    except PlanError:
        return None
    if any("MULTI-INDEX" in line for line in trial.before):
        return None
    if not _scans(trial.before):
        return trial.best((index,) for index in sorting) if _is_sorted(trial.before) else None
    several = [(index,) for index in (*alone, *ranged(statement), *sorting)]
    found = trial.best(several) or trial.best(pairs(alone))
    if found is not None and len(found.indexes) == 1 and _scans(found.after):
        return trial.best(pairs(alone)) or found
    return found


class _Trial:
    """One statement, and what its plan becomes with some indexes. Raises PlanError."""

    def __init__(self, planner: Planner, statement: Rendered) -> None:
        self._planner = planner
        self._statement = statement
        self._fixed = {name.lower() for name in _COMPARED_WITH_CONSTANT.findall(statement.sql)}
        self.before = planner.plan(statement.sql)

    def best(self, candidates: Iterable[tuple[Index, ...]]) -> Advice | None:
        """The advice that takes most away from the plan, the shortest index of equal ones."""
        found: list[tuple[tuple[int, ...], Advice]] = []
        for indexes in candidates:
            with suppress(PlanError):
                after = self._plan_with(indexes)
                use = self._use(indexes, after)
                if use is not None:
                    made = Advice(
                        indexes, use, self._shown(self.before), self._shown(after, indexes)
                    )
                    found.append((self._worth(indexes, use, after), made))
        return max(found, key=lambda pair: pair[0], default=(None, None))[1]

    def _plan_with(self, indexes: tuple[Index, ...]) -> tuple[str, ...]:
        wanted = [(index.table.name or index.table.class_, index.columns) for index in indexes]
        with self._planner.with_indexes(wanted):
            return self._planner.plan(self._statement.sql)

    def _use(self, indexes: tuple[Index, ...], after: tuple[str, ...]) -> Use | None:
        """What the tried indexes are used for; None when one changes nothing that counts."""
        uses: list[Use | None] = [
            self._use_of(index, tried(at), after) for at, index in enumerate(indexes)
        ]
        if len(uses) > 1 and (None in uses or "order" in uses or "sort" in uses):
            return None
        wanted = max(_scans(self.before) - len(uses), 0)
        return uses[0] if len(uses) == 1 or _scans(after) <= wanted else None

    def _use_of(self, index: Index, name: str, after: tuple[str, ...]) -> Use | None:
        line = next((line for line in after if re.search(rf"\b{name}\b", line)), "")
        if not line or not self._is_sure(index):
            return None
        searched = line.startswith("SEARCH") and _scans(after) < _scans(self.before)
        if self._statement.limited and _is_sorted(self.before) and not _is_sorted(after):
            return self._ordering(index, line)
        if not searched:
            return None
        first = _column(index, index.names[0])
        is_equal = bool(re.search(r"\(\w+=\?", line))
        if is_equal:
            return "equality" if self._tells(index) else None
        is_time = is_for_many_rows(first) and self._statement.always is None
        is_time = is_time and not self._statement.sql.startswith(_CLEANING)
        return "range" if is_time and len(index.names) == 1 else None

    def _ordering(self, index: Index, line: str) -> Use | None:
        """Few rows in an order are read in it only if all conditions are known."""
        if self._statement.always is not None:
            return None
        *before, last = index.names
        if not before:
            return "order" if is_for_many_rows(_column(index, last)) else None
        return "sort" if line.startswith("SEARCH") else None

    def _is_sure(self, index: Index) -> bool:
        return all(
            _column(index, name).known and name not in index.table.unsure for name in index.names
        )

    def _tells(self, index: Index) -> bool:
        """Whether each path of the code compares the first column, and it tells rows apart."""
        always = self._statement.always
        label, first = index.table.label, _column(index, index.names[0])
        named = [(label, name.lower()) for name in index.names]
        if always is not None and not all(pair in always for pair in named):
            return False
        return first.name.lower() not in self._fixed and not has_few_values(first)

    def _worth(
        self, indexes: tuple[Index, ...], use: Use, after: tuple[str, ...]
    ) -> tuple[int, ...]:
        index = indexes[0]
        line = next((line for line in after if re.search(rf"\b{tried(0)}\b", line)), "")
        return (
            -_scans(after),
            not _is_sorted(after) if self._statement.limited else 0,
            {"equality": 3, "sort": 2, "range": 1, "order": 0}[use],
            len(re.findall(r"\w+[=<>]\??", line)),
            -sum(len(one.columns) for one in indexes),
            selectivity(_column(index, index.names[0])),
        )

    def _shown(self, plan: tuple[str, ...], indexes: tuple[Index, ...] = ()) -> tuple[str, ...]:
        """The plan in the names of the project."""
        names = dict(self._statement.aliases)
        names.update((tried(at), index.name) for at, index in enumerate(indexes))
        return tuple(
            re.sub(r"\bt\d+\b|\btried_index_\d\b", lambda f: names.get(f[0], f[0]), line)
            for line in plan
        )


def _column(index: Index, name: str) -> ColumnFacts:
    return next(column for column in index.table.columns.values() if column.name == name)


def _is_sorted(plan: tuple[str, ...]) -> bool:
    return any(_SORTED.search(line) for line in plan)


def _scans(plan: tuple[str, ...]) -> int:
    return sum(
        line.startswith("SCAN ") and not line.startswith(("SCAN CONSTANT", "SCAN (", "SCAN json"))
        for line in plan
    )
