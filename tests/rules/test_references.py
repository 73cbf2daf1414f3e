"""What the pages about services say of the rules and show as code holds."""

from __future__ import annotations

import re

import pytest

from rules.catalog import all_rules
from rules.core.config import Config
from rules.core.examples import blocks
from rules.core.review import review
from rules.docs import page, references
from tests.rules.trees import everything_new

PAGES = sorted(references())


@pytest.mark.parametrize("name", PAGES)
def test_every_rule_that_a_page_names_exists(name: str) -> None:
    named = set(re.findall(r"/rules/([A-Z]{3}\d{3})", references()[name]))

    assert named
    assert named - set(all_rules()) == set()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_serious_is_found_in_the_code_of_a_page(name: str) -> None:
    code = [block.text for block in blocks(references()[name]) if block.info[:1] == ("python",)]

    results = [review(everything_new({"app/example.py": text}), Config()) for text in code]

    assert code
    assert [
        f"{finding.rule} {finding.message}"
        for result in results
        for finding in result.findings
        if finding.severity != "suggestion"
    ] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_rules_about_a_service_lead_to_its_page(name: str) -> None:
    leading = [rule.code for rule in all_rules().values() if f"(/references/{name})" in page(rule)]

    assert leading
