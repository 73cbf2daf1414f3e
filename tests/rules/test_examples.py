"""Everything that a rule's page and its case file say is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.catalog import all_rules, by_name
from rules.core.examples import Example, parse
from tests.rules.running import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Rule

CASES = Path(__file__).parent / "cases"


def in_documentation() -> Iterator[tuple[Rule, Example]]:
    """Each rule with each example of its page."""
    for rule in all_rules().values():
        yield from ((rule, example) for example in parse(rule.documentation))


def in_case_files() -> Iterator[tuple[Rule, Example]]:
    """Each rule with each case of its case file."""
    for path in sorted(CASES.glob("*.md")):
        if (rule := by_name().get(path.stem)) is not None:
            yield from ((rule, example) for example in parse(path.read_text(encoding="utf-8")))


def _named(pair: object) -> str:
    return pair.name if hasattr(pair, "name") else f"line {pair.line}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("rule", "example"), list(in_documentation()), ids=_named)
def test_the_page_of_a_rule_tells_the_truth(rule: Rule, example: Example) -> None:
    if report := differences(example, rule):
        pytest.fail(f"{rule.code} {rule.name}: {example.title}\n{report}", pytrace=False)


@pytest.mark.parametrize(("rule", "example"), list(in_case_files()), ids=_named)
def test_a_case_goes_as_written(rule: Rule, example: Example) -> None:
    if report := differences(example, rule):
        where = f"tests/rules/cases/{rule.name}.md:{example.line}"
        pytest.fail(f"{rule.code} {where}: {example.title}\n{report}", pytrace=False)


def test_every_case_file_is_named_after_a_rule() -> None:
    files = {path.stem for path in CASES.glob("*.md")}

    strangers = files - set(by_name())

    assert strangers == set()
