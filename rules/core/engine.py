"""Runs rules over one parsed file."""

from __future__ import annotations

import ast
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from rules.core.collector import collector_off
from rules.core.findings import Finding
from rules.core.said_by_ruff import said_by_ruff
from rules.core.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rules.core.project import Project
    from rules.core.rule import Problem, Rule

_SHOWN = 200
_SHORT_HANDLER = 5
MOST_PATHS = 200
"""Files that are gone in which one finding is looked for."""
_MOST_ALIKE = 100
"""Findings of one rule in equal code of one function that are told apart when a file moves."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A rule that raised on a file. A bug of ours: the file is not called reviewed."""

    rule: str
    error: str


@dataclass(slots=True)
class Profile:
    """Seconds that each rule took, by code, added up over files."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))

    def add(self, code: str, started: float) -> None:
        """Count the time since `started` for a rule."""
        self.seconds[code] += time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules said of one file, in the order of the text."""

    found: tuple[tuple[Rule, Problem], ...]
    crashes: tuple[Crash, ...] = ()


def check(file: SourceFile, rules: Iterable[Rule], profile: Profile | None = None) -> Report:
    """Run rules over a file. A rule that raises loses its own findings only."""
    found: list[tuple[Rule, Problem]] = []
    crashes: list[Crash] = []
    with collector_off():
        for rule in rules:
            if file.kind in rule.silent_in:
                continue
            started = time.perf_counter() if profile else 0.0
            try:
                for node in _asked(rule, file):
                    for problem in rule.check(node, file):
                        found.append((rule, problem))  # noqa: PERF401 kept when a later one raises
            except MemoryError:
                raise  # The process is at its limit; whoever set the limit names the file.
            except Exception as error:  # noqa: BLE001 one rule over one file is the boundary
                crashes.append(Crash(rule.code, f"{type(error).__name__}: {error}"))
            if profile:
                profile.add(rule.code, started)
    found.sort(key=lambda pair: (*position(pair[1].node), pair[0].code, pair[1].message))
    return Report(tuple(found), tuple(crashes))


def _asked(rule: Rule, file: SourceFile) -> Sequence[ast.AST]:
    """The nodes that a rule wants to see."""
    if len(rule.on) == 1:
        only = rule.on[0]
        return file.nodes.of(only) if rule.calls is None else _of_type(only, rule.calls, file)
    return [node for node_type in rule.on for node in _of_type(node_type, rule.calls, file)]


def _of_type(
    node_type: type[ast.AST], calls: frozenset[str] | None, file: SourceFile
) -> Sequence[ast.AST]:
    if calls is None or node_type is not ast.Call:
        return file.nodes.of(node_type)
    if calls.isdisjoint(file.called_names):
        return ()
    return list(file.calls(*sorted(calls & file.called_names)))


def findings_of(file: SourceFile, found: Sequence[tuple[Rule, Problem]]) -> list[Finding]:
    """Findings with their fingerprints, in the given order; the same thing said twice is one."""
    seen: Counter[tuple[str, str, str]] = Counter()
    said: set[tuple[str, tuple[int, int], str]] = set()
    findings: list[Finding] = []
    for rule, problem in found:
        place = (rule.code, position(problem.node), problem.message)
        if place in said:
            continue
        said.add(place)
        finding = _finding(file, rule, problem)
        key = (rule.code, finding.scope, normalised(finding.code))
        findings.append(_with_fingerprint(finding, key, seen[key], file.path))
        seen[key] += 1
    return findings


def check_source(
    path: str, text: str, rules: Iterable[Rule], project: Project | None = None
) -> list[Finding]:
    """The findings of some rules in one text, as a whole file; for examples and tests.

    Raises `NotPythonError` when it does not parse, and the rule's own error when one raises.
    """
    from rules.core.project import Project as Linked

    file = SourceFile(path, text)
    file.project = project or Linked.of_files([file])
    report = check(file, rules)
    if report.crashes:
        raise RuntimeError(report.crashes)
    return findings_of(file, report.found)


def position(node: ast.AST) -> tuple[int, int]:
    """Line and column of a node; the module itself is line 1."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0)


def lines_of(node: ast.AST) -> tuple[int, int]:
    """First and last line to which a problem at this node refers: of a block, just its first.

    A short `except` is shown whole: what is wrong with it is what it does.
    """
    first = getattr(node, "lineno", 1)
    last = getattr(node, "end_lineno", None) or first
    if isinstance(node, ast.ExceptHandler) and last - first <= _SHORT_HANDLER:
        return first, last
    if isinstance(getattr(node, "body", None), list):
        return first, first
    return first, last


def normalised(code: str) -> str:
    """Code without its white space, so that reformatting keeps a fingerprint."""
    return "".join(code.split()).replace("'", '"').replace(",)", ")").replace(",]", "]")


def fingerprint(path: str, key: tuple[str, str, str], index: int) -> str:
    """16 hexadecimal digits that name a finding whatever its line number is."""
    parts = "\0".join((key[0], path, key[1], key[2], str(index)))
    return sha256(parts.encode(errors="surrogatepass")).hexdigest()[:16]


def fingerprints_at(finding: Finding, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of the first `MOST_PATHS` paths with the fingerprint that a finding would have there.

    Nothing for one without the code that it was found in, as it is remembered.
    """
    key = (finding.rule, finding.scope, normalised(finding.code))
    own = (
        i for i in range(_MOST_ALIKE) if fingerprint(finding.path, key, i) == finding.fingerprint
    )
    index = next(own, None)
    if index is not None:
        for path in islice(paths, MOST_PATHS):
            yield path, fingerprint(path, key, index)


def _finding(file: SourceFile, rule: Rule, problem: Problem) -> Finding:
    node = problem.node
    first, last = lines_of(node)
    line, offset = position(node)
    text = file.lines[line - 1] if line <= len(file.lines) else ""
    return Finding(
        rule=rule.code,
        name=rule.name,
        severity=problem.severity or rule.severity,
        group=rule.group,
        path=file.path,
        line=first,
        end_line=last,
        column=len(text.encode()[:offset].decode(errors="ignore")) + 1,
        message=problem.message,
        fingerprint="",
        confidence=problem.confidence,
        trace=problem.trace,
        scope=file.qualname(node),
        code=_code(file, node, first, last),
        ruff=said_by_ruff(rule, node, file),
    )


def _code(file: SourceFile, node: ast.AST, first: int, last: int) -> str:
    if not hasattr(node, "lineno"):
        return ""
    if last == getattr(node, "end_lineno", last):
        return file.source(node)[:_SHOWN]
    return file.lines[first - 1].strip()[:_SHOWN]


def _with_fingerprint(
    finding: Finding, key: tuple[str, str, str], index: int, path: str
) -> Finding:
    return replace(finding, fingerprint=fingerprint(path, key, index))
