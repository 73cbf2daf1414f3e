"""Which indexes a statement could use: single columns, and a compared column with what follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from rules.core.sql.planner import quoted
from rules.tables.columns import has_few_values, is_for_many_rows, is_small

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.schema.facts import ColumnFacts
    from rules.core.schema.tables import Table
    from rules.core.sql.rendering import Rendered

_MAX = 16
_MAX_PAIRS = 28
_MOST_EQUAL = 3
_COLUMN = r"(?:[\"`\[]?(?P<table>\w+)[\"`\]]?\.)?[\"`\[]?(?P<column>\w+)[\"`\]]?"
_VALUE = r"(?:\?|'[^']*'|-?\d+)"
_EQUAL = re.compile(rf"{_COLUMN}\s*(?:==?\s*{_VALUE}|\bIN\s*\(\s*{_VALUE})", re.IGNORECASE)
_RANGE = re.compile(rf"{_COLUMN}\s*(?:[<>]=?\s*{_VALUE}|\bBETWEEN\s)", re.IGNORECASE)
_ORDER = re.compile(r"\bORDER\s+BY\s+(?P<terms>[^()]+?)(?:\s+LIMIT\b.*)?$", re.IGNORECASE)
_TERM = re.compile(rf"\s*{_COLUMN}(?:\s+(?P<direction>ASC|DESC))?\s*", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z_]\w*")
_KEYWORDS = frozenset({
    "order", "group", "index", "table", "from", "to", "where", "select", "default", "check", "values",
    "limit", "key", "primary", "references", "set", "transaction", "when", "then", "case", "join",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Index:
    """An index that could be. A column that it holds downwards ends in ` DESC`."""

    table: Table
    columns: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns without their directions."""
        return tuple(column.removesuffix(" DESC") for column in self.columns)

    @property
    def name(self) -> str:
        """The name that it gets by the usual convention."""
        return re.sub(r"\W", "_", "_".join(("ix", self.table.label, *self.names)))

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        columns = ", ".join(_written(column) for column in self.columns)
        return f"CREATE INDEX {self.name} ON {_written(self.table.label)} ({columns})"


def singles(statement: Rendered) -> list[Index]:
    """One for each column that the statement names and that an index could be about."""
    words = set(re.findall(r"\w+", statement.sql.lower()))
    found = [
        Index(table, (column.name,))
        for table in statement.tables
        if not is_small(table)
        for column in table.columns.values()
        if column.name.lower() in words and column.known and not (column.indexed or column.unique)
        if is_for_many_rows(column) or not has_few_values(column)
    ]
    return found[:_MAX]


def ranged(statement: Rendered) -> list[Index]:
    """A column that tells rows apart and is compared, before a moment of which a range is taken."""
    compared = [
        (table, column)
        for table, column in _columns(statement, _EQUAL.finditer(statement.sql))
        if not has_few_values(column)
    ]
    moments = list(_columns(statement, _RANGE.finditer(statement.sql)))
    return [
        Index(table, (column.name, moment.name))
        for table, column in compared
        for other, moment in moments
        if other is table and is_for_many_rows(moment)
    ][:_MAX]


def ordered(statement: Rendered) -> list[Index]:
    """All compared columns before those that the rows are ordered by; the shorter ones first."""
    terms = _terms(statement)
    if not terms or not is_for_many_rows(terms[0][1]):
        return []
    table = terms[0][0]
    if any(other is not table for other, _, _ in terms) or is_small(table):
        return []
    equal = [c.name for t, c in _columns(statement, _EQUAL.finditer(statement.sql)) if t is table]
    before = tuple(dict.fromkeys(equal))[:_MOST_EQUAL]
    after = _directed([(column, down) for _, column, down in terms if column.name not in before])
    return [Index(table, (*before, *after[:count])) for count in range(1, len(after) + 1)]


def pairs(candidates: list[Index]) -> Iterator[tuple[Index, Index]]:
    """Two together, for the two sides of an `OR` or of a join."""
    yield from list(combinations(candidates, 2))[:_MAX_PAIRS]


def _terms(statement: Rendered) -> list[tuple[Table, ColumnFacts, bool]]:
    """The columns of ORDER BY and whether each goes down; empty when one is computed."""
    clause = _ORDER.search(statement.sql)
    if clause is None:
        return []
    found = [_TERM.fullmatch(term) for term in clause["terms"].split(",")]
    terms: list[tuple[Table, ColumnFacts, bool]] = []
    for term in found:
        held = _held(statement, term) if term is not None else None
        if term is None or held is None:
            return []
        terms.append((*held, (term["direction"] or "").upper() == "DESC"))
    return terms


def _directed(terms: list[tuple[ColumnFacts, bool]]) -> tuple[str, ...]:
    """An index is read backwards as well: only a mixture of directions has to be spelled out."""
    mixed = len({down for _, down in terms}) > 1
    return tuple(column.name + (" DESC" if mixed and down else "") for column, down in terms)


def _columns(
    statement: Rendered, found: Iterable[re.Match[str]]
) -> Iterator[tuple[Table, ColumnFacts]]:
    for match in found:
        held = _held(statement, match)
        if held is not None and held[1].known and not is_small(held[0]):
            yield held


def _held(statement: Rendered, match: re.Match[str]) -> tuple[Table, ColumnFacts] | None:
    """The one table and column that a name in the statement means."""
    label = dict(statement.aliases).get(match["table"] or "", "")
    found = [
        (table, column)
        for table in statement.tables
        if not label or table.label == label
        for column in table.columns.values()
        if column.name.lower() == match["column"].lower()
    ]
    return found[0] if len(found) == 1 else None


def _written(name: str) -> str:
    """A name in a statement for people: in quotes only where it has to be."""
    plain, direction = name.removesuffix(" DESC"), " DESC" if name.endswith(" DESC") else ""
    if _PLAIN.fullmatch(plain) and plain.lower() not in _KEYWORDS:
        return name
    return quoted(plain) + direction
