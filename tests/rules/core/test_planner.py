from __future__ import annotations

import pytest

from rules.core.sql.planner import PlanError, Planner

TRADES = "CREATE TABLE trades (id INTEGER PRIMARY KEY, market TEXT, size REAL)"


def test_a_scan_becomes_a_search_while_an_index_is_tried() -> None:
    planner = Planner([TRADES])
    query = "SELECT size FROM trades WHERE market = ?"

    before = planner.plan(query)
    with planner.with_indexes([("trades", ["market"])]):
        between = planner.plan(query)
    after = planner.plan(query)

    assert before == ("SCAN trades",)
    assert between == ("SEARCH trades USING INDEX tried_index_0 (market=?)",)
    assert after == before


def test_functions_that_sqlite_does_not_have_change_no_plan() -> None:
    planner = Planner([TRADES])

    plan = planner.plan("SELECT date_trunc('day', size) FROM trades WHERE id = ?")

    assert plan == ("SEARCH trades USING INTEGER PRIMARY KEY (rowid=?)",)


def test_a_definition_that_sqlite_refuses_is_kept_with_its_reason() -> None:
    planner = Planner(["CREATE TABLE odd (", TRADES])

    assert planner.refused == [("CREATE TABLE odd (", "incomplete input")]
    assert [column[0] for column in planner.columns("trades")] == ["id", "market", "size"]


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE '/tmp/x.db' AS x",
        "PRAGMA writable_schema = 1",
        "CREATE TABLE copied AS SELECT * FROM trades",
        "CREATE TABLE endless AS WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT 1 FROM n) TABLE n",
        "VACUUM INTO '/tmp/x.db'",
    ],
)
def test_nothing_but_definitions_is_loaded(statement: str) -> None:
    planner = Planner([TRADES, statement])

    assert [sql for sql, _ in planner.refused] == [statement]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; DROP TABLE trades",
        "DROP TABLE trades",
        "SELECT * FROM",
        "SELECT nothing FROM trades",
        "SELECT load_extension('x'), " + "(" * 5000,
    ],
)
def test_what_is_no_statement_to_plan_is_an_error(statement: str) -> None:
    planner = Planner([TRADES])

    with pytest.raises(PlanError):
        planner.plan(statement)


def test_planning_runs_nothing() -> None:
    """The first statement would never end."""
    planner = Planner([TRADES])

    planner.plan(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    planner.plan("DELETE FROM trades")
