"""The database calls that a file makes."""

from __future__ import annotations

import pytest

from rules.core.source import SourceFile
from rules.core.sql.queries import queries, verb_of

CODE = """\
import sqlite3
from sqlalchemy import select, update
from sqlalchemy.orm import Session


def run(conn: sqlite3.Connection, session: Session, client, rows):
    conn.execute("INSERT INTO articles VALUES (?)", rows)
    statement = select(Article).where(Article.id == 1)
    session.scalars(statement)
    session.add(Article())
    session.query(Article).filter(Article.id == 1).delete()
    client.execute("do something")
    client.execute("DELETE FROM articles")
"""


def test_each_call_that_runs_sql_is_found_with_driver_and_verb() -> None:
    file = SourceFile("app/db.py", CODE)

    found = [(query.call.lineno, query.driver, query.verb) for query in queries(file)]

    assert found == [
        (7, "sqlite", "insert"),
        (9, "sqlalchemy", "select"),
        (10, "sqlalchemy", "insert"),
        (11, "sqlalchemy", "delete"),
        (13, "unknown", "delete"),
    ]


def test_a_file_that_calls_nothing_has_no_queries() -> None:
    assert queries(SourceFile("app/empty.py", "print('x')\n")) == []


@pytest.mark.parametrize(
    ("sql", "verb"),
    [
        ("  -- why\n select 1", "select"),
        ("/* a */ INSERT INTO t VALUES (1)", "insert"),
        ("WITH a AS (SELECT 1) DELETE FROM t", "delete"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "select"),
        ("hello", ""),
    ],
)
def test_the_verb_of_a_statement_is_its_first_word(sql: str, verb: str) -> None:
    assert verb_of(sql) == verb
