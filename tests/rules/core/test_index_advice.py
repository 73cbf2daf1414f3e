"""Every index that is proposed for any example of the corpus is made, and the query planned anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.catalog import all_rules
from rules.core.examples import Example, parse
from rules.core.facts import ModuleFacts, facts_of
from rules.core.project import Project
from rules.core.schema.extraction import schema_facts_of_sql
from rules.core.schema.tables import schema_of
from rules.core.source import SourceFile
from rules.core.sql.chains import statements
from rules.core.sql.index_advice import advice
from rules.core.sql.planner import Planner
from rules.core.sql.queries import queries
from rules.core.sql.raw_statements import raw_statement
from rules.core.sql.rendering import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.sql.index_advice import Advice
    from rules.core.sql.rendering import Rendered

CASES = Path(__file__).parents[1] / "cases"


def corpus() -> Iterator[Example]:
    pages = [rule.documentation for rule in all_rules().values()]
    pages += [path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.md"))]
    for page in pages:
        yield from (found for found in parse(page) if "select" in str(found.files).lower())


def proposals(example: Example) -> Iterator[tuple[Rendered, Advice]]:
    files = [SourceFile(f.path, f.text) for f in example.files if f.path.endswith(".py")]
    scripts = [file for file in example.files if file.path.endswith(".sql")]
    project = Project(
        [
            *map(facts_of, files),
            *(
                ModuleFacts(s.path, s.path, schema=schema_facts_of_sql(s.path, s.text))
                for s in scripts
            ),
        ]
    )
    schema = schema_of(project)
    for file in files:
        file.project = project
        asked = [render(found.facts, schema, file.module) for found in statements(file)]
        asked += [raw_statement(query, schema, file.path) for query in queries(file)]
        for statement in asked:
            if statement is not None and (found := advice(project, statement)) is not None:
                yield statement, found


def test_every_proposed_index_of_the_corpus_changes_the_plan() -> None:
    pairs = [pair for example in corpus() for pair in proposals(example)]

    assert len(pairs) > 5
    for statement, found in pairs:
        definitions = [sql for table in statement.tables for sql in table.definitions]
        without = Planner(definitions)
        with_it = Planner([*definitions, *(index.sql for index in found.indexes)])
        assert with_it.refused == without.refused
        before, after = without.plan(statement.sql), with_it.plan(statement.sql)
        assert before != after
        assert all(re.search(rf"\b{index.name}\b", "\n".join(after)) for index in found.indexes)
        assert plain(found.before, statement) == plain(before, statement)
        assert plain(found.after, statement) == plain(after, statement)


def plain(plan: tuple[str, ...], statement: Rendered) -> list[str]:
    """A plan in which a table has its own name and not its alias."""
    aliases = dict(statement.aliases)
    return [re.sub(r"\bt\d+\b", lambda f: aliases.get(f[0], f[0]), line) for line in plan]


TABLES = """
CREATE TABLE trades (id INTEGER PRIMARY KEY, wallet TEXT, market TEXT, at TEXT, "key" TEXT);
CREATE TABLE markets (id INTEGER PRIMARY KEY, slug TEXT, wallet TEXT);
CREATE TABLE settings (name TEXT, updated_at TEXT);
CREATE INDEX by_market ON trades (market);
"""


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("SELECT * FROM trades WHERE wallet = ?", ["trades (wallet)"]),
        ("SELECT * FROM trades WHERE market = ?", []),
        ("SELECT * FROM trades WHERE market = ? ORDER BY at", []),
        ("SELECT * FROM trades WHERE market = ? ORDER BY at LIMIT ?", ["trades (market, at)"]),
        (
            "SELECT * FROM trades WHERE market = ? ORDER BY at DESC, id DESC LIMIT ?",
            ["trades (market, at)"],
        ),
        (
            "SELECT * FROM trades WHERE market = ? ORDER BY at DESC, wallet LIMIT 1",
            ["trades (market, at DESC, wallet)"],
        ),
        ("SELECT * FROM trades WHERE market = ? ORDER BY wallet LIMIT 1", []),
        ("SELECT * FROM trades WHERE market = ? ORDER BY lower(at) LIMIT 1", []),
        ("SELECT * FROM trades WHERE id = ? ORDER BY at LIMIT 1", []),
        ("SELECT * FROM trades WHERE wallet = ? AND at > ?", ["trades (wallet, at)"]),
        ("SELECT * FROM trades WHERE market = ? AND at > ?", []),
        ('SELECT * FROM trades WHERE "key" = ?', ['trades ("key")']),
        (
            'SELECT * FROM trades WHERE wallet = ? OR "key" = ?',
            ["trades (wallet)", 'trades ("key")'],
        ),
        (
            'SELECT * FROM trades t JOIN markets m ON m.slug = t."key" WHERE t.wallet = ?',
            ["trades (wallet)", "markets (slug)"],
        ),
        ("DELETE FROM trades WHERE wallet = ?", ["trades (wallet)"]),
        ("SELECT * FROM settings WHERE name = ?", []),
        ("SELECT * FROM settings ORDER BY updated_at LIMIT 1", []),
        ("SELECT count(*) FROM trades", []),
        ("SELECT * FROM unknown WHERE wallet = ?", []),
    ],
)  # fmt: skip
def test_the_best_index_of_all_that_help_is_proposed(sql: str, made: list[str]) -> None:
    quoted = sql.replace('"', '\\"')
    text = f"import sqlite3\nSCHEMA = '''{TABLES}'''\n\n\ndef run(db: sqlite3.Connection, given):\n"
    text += f'    return db.execute("{quoted}", given).fetchall()\n'
    example = Example("", 1, parse(f"```python\n{text}```\n")[0].files)

    found = [index.sql for _, advised in proposals(example) for index in advised.indexes]

    assert [one.partition(" ON ")[2] for one in found] == made
