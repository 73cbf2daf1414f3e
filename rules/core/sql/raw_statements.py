"""SQL written as text, made ready for the planner against the tables that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.core.sql.queries import without_comments
from rules.core.sql.reading import in_sqlite, prepared, tables_in, without_holes
from rules.core.sql.rendering import Rendered

if TYPE_CHECKING:
    from rules.core.schema.tables import Schema
    from rules.core.sql.queries import Query

_HOLE = "{}"
_MAX_TABLES = 12
_VERBS = frozenset({"select", "insert", "update", "delete", "replace"})
_LIMIT = re.compile(r"\blimit\s+\S+", re.IGNORECASE)


def raw_statement(query: Query, schema: Schema, path: str) -> Rendered | None:
    """The statement with the tables of the project that it names, if any; None for other calls.

    None, too, when a computed part of the text is more than a value.
    """
    if query.text is None or query.verb not in _VERBS:
        return None
    sql = without_holes(without_comments(query.text.with_holes(_HOLE)), _HOLE)
    if sql is None:
        return None
    sql = prepared(sql)
    if query.driver != "sqlite":
        sql = in_sqlite(sql)
    found = [schema.named(name, path) for name in tables_in(sql)]
    tables = tuple({id(table): table for table in found if table is not None}.values())
    if len(tables) > _MAX_TABLES:
        return None
    return Rendered(sql, tables, limited=bool(_LIMIT.search(sql)))
