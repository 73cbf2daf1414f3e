"""A repository's configuration: what is right counts, what is wrong becomes a sentence."""

from __future__ import annotations

import ast
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.core.config import Config
from rules.core.configuration.json_schema import schema
from rules.core.configuration.layers import Layered, repository_layer
from rules.core.configuration.reading import KEYS, OWN_FILE
from rules.core.rule import Rule, Severity


def a_rule(code: str = "SEC101", name: str = "sql-injection", group: str = "security") -> Rule:
    nothing = frozenset[str]()
    return Rule(
        code,
        name,
        group,
        Severity.CRITICAL,
        (ast.Call,),
        nothing,
        frozenset(),
        (),
        False,
        "",
        lambda _node, _file: iter(()),
    )


def of(text: str) -> tuple[Config, tuple[str, ...]]:
    return Config.from_toml(text, "backend-expert.toml")


def test_every_key_is_read() -> None:
    config, notes = of("""
        select = ["SEC", "ERR101"]
        ignore = ["SEC102"]
        exclude = ["old/**"]
        max-inline-comments = 5
        group_above = 2
        summary = "findings"
        fail-on = "warning"
        drafts = true
        bots = false
        defer-to-ruff = false
        generated = ["gen"]
        tests = ["spec"]
        low-confidence = "off"
        per-path-ignores = {"scripts/*" = ["SEC"]}
        severity = {sql-injection = "warning"}
    """)

    assert notes == ()
    assert config == Config(
        select=("SEC", "ERR101"),
        ignore=("SEC102",),
        exclude=("old/**",),
        per_path_ignores=(("scripts/*", ("SEC",)),),
        severity=(("sql-injection", Severity.WARNING),),
        max_inline_comments=5,
        group_above=2,
        summary="findings",
        fail_on="warning",
        drafts=True,
        bots=False,
        defer_to_ruff=False,
        generated=("gen",),
        tests=("spec",),
        low_confidence="off",
    )


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("selct = []", "`selct` is not a setting (did you mean `select`?)."),
        ("`` = 1", "`backend-expert.toml` is not valid TOML"),
        ("select = 'SEC'", "`select` should be a list of texts; the default is used."),
        ("select = [1]", "`select` should be a list of texts; the default is used."),
        ("drafts = 1", "`drafts` should be true or false; the default is used."),
        ("group-above = 0", "`group-above` should be a whole number from 1 to 1000"),
        ("group-above = true", "`group-above` should be a whole number from 1 to 1000"),
        ("fail-on = 'crit'", "`fail-on` should be one of critical, warning, suggestion, never"),
        ("severity = {a = 'bad'}", "`severity` should be one of critical, warning, suggestion"),
        ("per-path-ignores = ['x']", "`per-path-ignores` should be a table"),
        (f"select = {['x'] * 501}", "`select` has more than 500 entries"),
        ("a = " + "[" * 9000, "`backend-expert.toml` is not valid TOML"),
        ("#" * 70_000, "`backend-expert.toml` is larger than 64 KB and was not read."),
    ],
)
def test_what_is_wrong_keeps_its_default_and_is_told(text: str, note: str) -> None:
    config, notes = of(text)

    assert config == Config()
    assert len(notes) == 1
    assert notes[0].startswith(note)


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    of(text)
    Config.from_toml(text, "pyproject.toml")


@pytest.mark.parametrize(
    ("select", "ignore", "selected"),
    [
        (("ALL",), (), True),
        (("SEC",), (), True),
        (("SEC1",), (), True),
        (("security",), (), True),
        (("sql-injection",), (), True),
        (("ERR",), (), False),
        ((), (), False),
        (("ALL",), ("SEC",), False),
        (("ALL",), ("security",), False),
        (("SEC101",), ("SEC",), True),
        (("SEC",), ("SEC101",), False),
        (("SEC101",), ("sql-injection",), False),
    ],
)
def test_the_more_specific_of_select_and_ignore_wins(
    select: tuple[str, ...], ignore: tuple[str, ...], selected: bool
) -> None:
    config = Config(select=select, ignore=ignore)

    assert config.selects(a_rule(), "app/x.py") is selected


def test_a_rule_is_off_on_the_paths_of_a_glob() -> None:
    config = Config(per_path_ignores=(("scripts/**", ("SEC",)),))

    answers = [config.selects(a_rule(), path) for path in ("scripts/a/b.py", "app/scripts.py")]

    assert answers == [False, True]


def test_the_most_specific_severity_counts() -> None:
    config = Config(
        severity=(("security", Severity.WARNING), ("SEC101", Severity.SUGGESTION)),
    )

    severities = [
        config.severity_of(rule, Severity.CRITICAL)
        for rule in (a_rule(), a_rule("SEC102", "other"), a_rule("ERR101", "x", "error_handling"))
    ]

    assert severities == [Severity.SUGGESTION, Severity.WARNING, Severity.CRITICAL]


def test_a_word_that_names_no_rule_is_told() -> None:
    config = Config(select=("SEC101", "sql-injektion"), ignore=("NOPE",))

    assert config.unknown_rules([a_rule()]) == (
        "`select` names `sql-injektion`, which is no rule (did you mean `sql-injection`?).",
        "`ignore` names `NOPE`, which is no rule.",
    )


def test_its_own_file_decides_alone() -> None:
    files = {
        OWN_FILE: b"drafts = true",
        "pyproject.toml": b"[tool.backend-expert]\nbots = false",
    }

    both = repository_layer(files.get)
    one = repository_layer({"pyproject.toml": files["pyproject.toml"]}.get)
    none = repository_layer(lambda _: None)

    assert [Layered(layer).config for layer in (both, one, none)] == [
        Config(drafts=True),
        Config(bots=False),
        Config(),
    ]


def test_a_configuration_travels_to_another_process() -> None:
    config, _ = of('ignore = ["SEC"]\nseverity = {ERR = "warning"}')

    assert pickle.loads(pickle.dumps(config)) == config


def test_the_schema_knows_every_key() -> None:
    assert set(schema()["properties"]) == set(KEYS)
