"""Comments that silence a rule, and those that silence nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.core.suppress import Suppressions, Unused
from tests.rules.core.test_config import a_rule

SQL = a_rule()
SECRET = a_rule("SEC103", "hardcoded-secret")
BLOCKING = a_rule("ASY101", "blocking-call-in-async", "async_patterns")


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# noqa", True),
        ("#noqa", True),
        ("# NOQA", True),
        ("# noqa: SEC101", True),
        ("# noqa:SEC101", True),
        ("# noqa : SEC101", True),
        ("# noqa: sec101", True),
        ("# noqa: SEC", True),
        ("# noqa: E501, SEC101", True),
        ("# noqa: E501 SEC101 because", True),
        ("# type: ignore  # noqa: SEC101", True),
        ("# noqa: SEC103", False),
        ("# noqa: E501", False),
        ("# noqa: because I say so", False),
        ("# noqa: ALLOWED", False),
        ("# noqa-like", False),
        ("# flake8: noqa", False),
        ("# backend-expert: ignore", True),
        ("# backend-expert: ignore[sql-injection]", True),
        ("# backend-expert: ignore[ASY101, security] the table is ours", True),
        ("# backend-expert: ignore[blocking-call-in-async]", False),
        ("# backend-expert: ignore[]", False),
        ("# backend-expert: ignored by us", True),
    ],
)
def test_a_comment_silences_the_rules_it_names(comment: str, silent: bool) -> None:
    suppressions = Suppressions.of(f"run(sql)  {comment}\n")

    assert suppressions.covers(1, 1, SQL) is silent


@pytest.mark.parametrize("text", ['x = "# noqa"\n', '"""\n# noqa: SEC101\n"""\n', "x = 1\n"])
def test_text_in_a_string_is_no_comment(text: str) -> None:
    suppressions = Suppressions.of(text)

    assert suppressions.all == ()


def test_a_statement_is_covered_by_its_first_and_its_last_line() -> None:
    text = "run(  # noqa: SEC101\n    sql,\n    x,  # noqa: SEC103\n)  # noqa: ASY101\n"

    suppressions = Suppressions.of(text)

    covered = [suppressions.covers(1, 4, rule) for rule in (SQL, SECRET, BLOCKING)]
    assert covered == [True, False, True]


def test_our_own_comment_may_stand_above_the_statement() -> None:
    suppressions = Suppressions.of("# backend-expert: ignore[SEC101] ours\nrun(sql)\n\nrun(sql)\n")

    assert [suppressions.covers(line, line, SQL) for line in (2, 4)] == [True, False]


def test_a_word_that_silenced_nothing_is_named() -> None:
    suppressions = Suppressions.of(
        "run(sql)  # noqa: SEC101, SEC103, E501\n"
        "run(sql)  # backend-expert: ignore[sql-injektion, ASY101]\n"
        "run(sql)  # noqa\n"
    )

    suppressions.covers(1, 1, SQL)

    assert suppressions.unused([SQL, SECRET]) == [
        Unused(1, 11, "SEC103", known=True),
        Unused(2, 11, "sql-injektion", known=False),
    ]


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    Suppressions.of("# noqa\n" + text)
