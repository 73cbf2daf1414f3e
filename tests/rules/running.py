"""Run the examples of a rule and say in full what differs from what they promise."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rules.core.config import Config
from rules.core.review import review
from tests.rules.trees import everything_new

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.core.examples import Example, ExampleFile
    from rules.core.findings import Finding, Suggestion
    from rules.core.rule import Rule


def analyse(texts: Mapping[str, str], rule: Rule) -> tuple[Finding, ...]:
    """What one rule alone says about these files."""
    config = Config(select=(rule.code,), low_confidence="inline")
    result = review(everything_new(texts), config)
    assert not result.skipped, f"not analysed: {result.skipped}"
    return result.findings


def differences(example: Example, rule: Rule) -> str:
    """A readable report of how the rule differs from its example; empty when it does not."""
    texts = {file.path: file.text for file in example.files}
    findings = analyse(texts, rule)
    return "\n".join(
        part
        for file in example.files
        for part in (
            *_wrong_lines(file, [f for f in findings if f.path == file.path]),
            *_wrong_fix(file, [f for f in findings if f.path == file.path], texts, rule),
        )
    )


def _wrong_lines(file: ExampleFile, findings: list[Finding]) -> Iterator[str]:
    wanted = Counter({expected.line: expected.times for expected in file.expected})
    got = Counter(finding.line for finding in findings)
    severities = {expected.line: expected.severity for expected in file.expected}
    wrong = [f for f in findings if severities.get(f.line) not in {None, f.severity}]
    if wanted == got and not wrong:
        return
    yield f"--- {file.path}"
    for number, line in enumerate(file.text.splitlines(), 1):
        yield f"{_mark(wanted[number], got[number])} {number:3} | {line}"
        for finding in findings:
            if finding.line == number:
                yield f"            got: [{finding.rule} {finding.severity}] {finding.message}"
                yield from _wrong_severity(finding, severities.get(number))


def _mark(wanted: int, got: int) -> str:
    if wanted == got:
        return " "
    return "MISSED" if wanted > got else "NOISE "


def _wrong_severity(finding: Finding, wanted: object) -> Iterator[str]:
    if wanted not in {None, finding.severity}:
        yield f"            severity should be {wanted}"


def _wrong_fix(
    file: ExampleFile, findings: list[Finding], texts: Mapping[str, str], rule: Rule
) -> Iterator[str]:
    if file.fixed is None:
        return
    fixed = apply(file.text, (finding.fix for finding in findings if finding.fix))
    if fixed != file.fixed:
        yield f"--- {file.path}: the suggestions give\n{fixed}--- and not\n{file.fixed}"
    for finding in analyse({**texts, file.path: file.fixed}, rule):
        if finding.path == file.path:
            yield f"--- {file.path}: the fixed code is reported at line {finding.line}:"
            yield f"    {finding.message}\n{file.fixed}"


def apply(text: str, suggestions: Iterable[Suggestion]) -> str:
    """The text with these suggestions applied, from the last line to the first."""
    lines = text.splitlines(keepends=True)
    for suggestion in sorted(set(suggestions), key=lambda s: s.start_line, reverse=True):
        lines[suggestion.start_line - 1 : suggestion.end_line] = [suggestion.replacement]
    return "".join(lines)
