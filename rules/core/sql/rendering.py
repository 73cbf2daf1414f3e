"""Queries of SQLAlchemy, in parts, rendered to SQL against the models of the project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.sql.conditions import CONSTANT
from rules.core.sql.planner import quoted
from rules.tables.columns import FEW_VALUES, OWNER

if TYPE_CHECKING:
    from rules.core.schema.facts import StatementFacts
    from rules.core.schema.tables import Schema, Table

_HOLE = re.compile(r"\{(t\d+)\.(\w+)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A statement that can be planned.

    `always` are the columns, as `(table, column)`, that are compared whatever path the code
    took; None when all are. `limited` says that it stops after some rows. `aliases` are the
    names in the plan that are ours, with those of their tables.
    """

    sql: str
    tables: tuple[Table, ...]
    always: frozenset[tuple[str, str]] | None = None
    limited: bool = False
    aliases: tuple[tuple[str, str], ...] = ()


class _Unknown(Exception):  # noqa: N818 it tells that a name is of no model
    """A part of the query is about something that is not in the schema."""


def render(facts: StatementFacts, schema: Schema, module: str) -> Rendered | None:
    """The SQL of a query, with all its conditions; None when a part is about no known table."""
    try:
        return _Rendering(facts, schema, module).whole()
    except _Unknown:
        return None


def render_shortest(facts: StatementFacts, schema: Schema, module: str) -> Rendered | None:
    """The SQL of a query without what narrows it to an owner on some paths only.

    None when nothing of the kind does (`if owner: query = query.where(Trade.owner == owner)`), or
    when another condition is not on every path: that may be the one which an index answers.
    """
    always = tuple(one for one in facts.conditions if one[1])
    if not always or len(always) == len(facts.conditions):
        return None
    others = [template for template, certain in facts.conditions if not certain]
    columns = [column for template in others for _, column in _HOLE.findall(template)]
    if not all(OWNER.search(column) for column in columns):
        return None
    return render(facts._replace(conditions=always), schema, module)


class _Rendering:
    def __init__(self, facts: StatementFacts, schema: Schema, module: str) -> None:
        self._facts = facts
        found = {alias: schema.model(model, module) for alias, model in facts.entities}
        self._tables = {alias: table for alias, table in found.items() if table is not None}
        self._always: set[tuple[str, str]] = set()

    def whole(self) -> Rendered:
        facts = self._facts
        if not self._tables or "t0" not in self._tables:
            raise _Unknown
        conditions = [self._text(template, certain) for template, certain in facts.conditions]
        sql = self._read() if facts.verb == "select" else self._write()
        if conditions:
            sql += " WHERE " + " AND ".join(conditions)
        order = [self._text(term, certain=True) for term in facts.order if not term.startswith("?")]
        if order and facts.verb == "select" and len(order) == len(facts.order):
            sql += f" ORDER BY {', '.join(order)}"
        if facts.limited and facts.verb == "select":
            sql += " LIMIT ?"
        every = all(certain for _, certain in facts.conditions)
        always = None if every else frozenset(self._always)
        tables = tuple({id(table): table for table in self._tables.values()}.values())
        aliases = tuple((alias, table.label) for alias, table in self._tables.items())
        return Rendered(sql, tables, always, facts.limited, aliases)

    def _read(self) -> str:
        return f"SELECT * FROM {self._sources()}"  # noqa: S608 names are quoted, nothing is run

    def _write(self) -> str:
        if len(self._tables) > 1:
            raise _Unknown
        table = self._tables["t0"]
        name = f"{quoted(_name(table))} AS t0"
        if self._facts.verb == "delete":
            return f"DELETE FROM {name}"  # noqa: S608 the same
        first = next(iter(table.columns.values()))
        column = quoted(first.name)
        return f"UPDATE {name} SET {column} = {column}"  # noqa: S608 the same

    def _sources(self) -> str:
        joined = {alias for alias, _, _ in self._facts.joins}
        first = [alias for alias in self._tables if alias not in joined]
        if not first or not set(first) <= set(self._facts.sources):
            raise _Unknown  # A table of the query around this one, which is not known here.
        text = ", ".join(self._source(alias) for alias in first)
        known = list(first)
        for alias, template, outer in self._facts.joins:
            if alias not in self._tables:
                raise _Unknown
            on = self._text(template, certain=True) if template else self._by_key(alias, known)
            text += f" {'LEFT JOIN' if outer else 'JOIN'} {self._source(alias)} ON {on}"
            known.append(alias)
        return text

    def _source(self, alias: str) -> str:
        return f"{quoted(_name(self._tables[alias]))} AS {alias}"

    def _by_key(self, alias: str, known: list[str]) -> str:
        """The condition of a join that follows the one foreign key between two tables."""
        for other in reversed(known):
            for child, parent in ((alias, other), (other, alias)):
                for column in self._tables[child].columns.values():
                    table, _, key = column.foreign.rpartition(".")
                    if table and table.lower() == self._tables[parent].name.lower():
                        return f"{child}.{quoted(column.name)} = {parent}.{quoted(key)}"
        raise _Unknown

    def _text(self, template: str, certain: bool) -> str:  # noqa: FBT001 a part of the facts
        def column(found: re.Match[str]) -> str:
            table = self._tables.get(found[1])
            if table is None:
                return CONSTANT
            known = table.columns.get(found[2])
            if known is None:
                if FEW_VALUES.search(found[2]):
                    return CONSTANT  # A hybrid such as `is_deleted` has no index of its own.
                raise _Unknown
            if certain:
                self._always.add((table.label, known.name.lower()))
            return f"{found[1]}.{quoted(known.name)}"

        return _HOLE.sub(column, template)


def _name(table: Table) -> str:
    return table.name or table.class_
