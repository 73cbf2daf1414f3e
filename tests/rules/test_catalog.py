"""Code, name, file, group and documentation of every rule agree."""

from __future__ import annotations

import re

import pytest

from rules import docs
from rules.catalog import all_rules, find
from rules.core.examples import parse
from rules.core.rule import GROUPS, Rule

PREFIXES = dict(
    zip(GROUPS, ("SEC", "ERR", "ASY", "RES", "PYT", "FAS", "SQL", "API", "ARC"), strict=True)
)
RULES = list(all_rules().values())


def _code(rule: Rule) -> str:
    return rule.code


def test_there_are_rules() -> None:
    assert RULES


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_the_code_says_the_group(rule: Rule) -> None:
    assert re.fullmatch(rf"{PREFIXES[rule.group]}\d{{3}}", rule.code)


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_a_rule_lives_in_a_file_of_its_name_or_in_a_family(rule: Rule) -> None:
    module = rule.check.__module__

    family = [other for other in RULES if other.check.__module__ == module]

    assert module.rsplit(".", 1)[-1] == rule.name.replace("-", "_") or len(family) > 1


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_the_first_line_of_a_page_is_one_sentence(rule: Rule) -> None:
    first = rule.documentation.strip().split("\n\n", 1)[0]

    assert first.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_a_page_shows_what_is_wrong_and_what_is_right(rule: Rule) -> None:
    examples = parse(rule.documentation)

    wrong = [example for example in examples if example.is_wrong]
    right = [e for e in examples if not e.is_wrong or any(f.fixed for f in e.files)]

    assert wrong
    assert right


def test_what_is_generated_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    status = docs.main(["--check"])

    assert status == 0, capsys.readouterr().err


@pytest.mark.parametrize("rule", RULES, ids=_code)
def test_a_rule_is_found_by_code_name_and_group(rule: Rule) -> None:
    assert find(rule.code) == find(rule.name) == (rule,)
    assert rule in find(rule.group)
    assert rule in find(rule.code[:3])
