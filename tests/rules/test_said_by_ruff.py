"""What a finding says of ruff is true: ruff reports just this, under one of these codes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.catalog import all_rules
from tests.rules.running import analyse
from tests.rules.test_examples import in_case_files, in_documentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.examples import Example
    from rules.core.findings import Finding
    from rules.core.rule import Rule

type Said = dict[tuple[str, int], set[str]]

_DEFERRING = {code: rule for code, rule in all_rules().items() if rule.ruff}
_EXAMPLES = [
    (rule, example)
    for rule, example in (*in_documentation(), *in_case_files())
    if rule.code in _DEFERRING and example.is_wrong
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Path and line to the codes that ruff itself reports there, comments of `noqa` left aside."""
    folder = tmp_path_factory.mktemp("examples")
    for number, (_, example) in enumerate(_EXAMPLES):
        for file in example.files:
            path = folder / str(number) / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
    codes = sorted({code for rule in _DEFERRING.values() for code in rule.ruff})
    ruff = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--ignore-noqa"),
            *("--target-version=py312", "--output-format=json"),
            *("--select", ",".join(codes), str(folder)),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    found: Said = defaultdict(set)
    for told in json.loads(ruff.stdout):
        path = Path(told["filename"]).relative_to(folder).as_posix()
        for line in range(told["location"]["row"], told["end_location"]["row"] + 1):
            found[path, line].add(told["code"])
    return found


@pytest.mark.parametrize("number", range(len(_EXAMPLES)))
def test_ruff_reports_what_is_left_to_it(number: int, said: Said) -> None:
    rule, example = _EXAMPLES[number]

    wrong = list(_wrong(rule, example, number, said))

    if wrong:
        pytest.fail(f"{rule.code} {example.title}\n" + "\n".join(wrong), pytrace=False)


def _wrong(rule: Rule, example: Example, number: int, said: Said) -> Iterator[str]:
    texts = {file.path: file.text for file in example.files}
    for finding in analyse(texts, rule):
        by_ruff = {
            code
            for line in _lines(finding, texts[finding.path])
            for code in said[f"{number}/{finding.path}", line] & set(rule.ruff)
        }
        if bool(by_ruff) != bool(by_ruff & set(finding.ruff)) or bool(finding.ruff) > bool(by_ruff):
            yield (
                f"line {finding.line} `{finding.code}`: we say that ruff gives {finding.ruff},"
                f" it gives {sorted(by_ruff)}"
            )


def _lines(finding: Finding, text: str) -> range:
    """The lines of a finding; of a function those of its decorators and of its body too."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and node.lineno == finding.line
        ):
            return range(
                min(each.lineno for each in (*node.decorator_list, node)),
                (node.end_lineno or 0) + 1,
            )
    return range(finding.line, finding.end_line + 1)
