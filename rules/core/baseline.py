"""Findings that stood there when a project began with us, so that only later ones are told.

A file of the repository, one line for each finding, sorted, so that two changes of it merge:

    {
      "version": 1,
      "findings": [
        "app/db.py SEC101 0123456789abcdef",
        "app/db.py SEC101 fedcba9876543210"
      ]
    }
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from rules.core.engine import fingerprints_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rules.core.findings import Finding

LIMIT = 8 * 2**20
"""Largest baseline that is read, in bytes; a hundred thousand findings."""
DIGITS = 16
"""Of a fingerprint, which says already where the finding is and what it is about."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings that are known, each as one line of the file."""

    lines: frozenset[str] = frozenset()
    gone: Mapping[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    """By rule the paths of files that are not there any more: what stood in them may have moved."""

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """The baseline that holds these."""
        return cls(frozenset(_line_of(finding) for finding in findings))

    @classmethod
    def read(cls, data: bytes, path: str) -> tuple[Baseline, tuple[str, ...]]:
        """The baseline in a file, and a sentence when it is not one; never raises."""
        if len(data) > LIMIT:
            return cls(), (f"`{path}` is larger than {LIMIT // 2**20} MB and was not read.",)
        try:
            document: Any = json.loads(data)
        except (ValueError, RecursionError):
            return cls(), (f"`{path}` is not valid JSON and was not read.",)
        lines = _listed(document)
        if lines is None:
            return cls(), (f"`{path}` is not a baseline of version {_VERSION} and was not read.",)
        return cls(frozenset(lines)), ()

    def within(self, is_there: Callable[[str], bool]) -> Baseline:
        """The same for a version of the project, which says whether it has a file."""
        rules: dict[str, set[str]] = {}
        for line in self.lines:
            path, _, rest = line.rpartition(" ")[0].rpartition(" ")
            rules.setdefault(path, set()).add(rest)
        gone: dict[str, list[str]] = {}
        for path in sorted(path for path in rules if not is_there(path)):
            for rule in rules[path]:
                gone.setdefault(rule, []).append(path)
        return replace(self, gone=gone)

    def has(self, finding: Finding) -> bool:
        """Whether this finding stood there, or in a file that is gone."""
        if _line_of(finding) in self.lines:
            return True
        elsewhere = fingerprints_at(finding, self.gone.get(finding.rule, ()))
        return any(_line(path, finding.rule, was) in self.lines for path, was in elsewhere)

    def kept(self, findings: Iterable[Finding]) -> Baseline:
        """Without what is not found any more, and by its new path what moved; nothing else is new."""
        return Baseline.of(finding for finding in findings if self.has(finding))

    def text(self) -> str:
        """The file; equal findings give equal text."""
        document = {"version": _VERSION, "findings": sorted(self.lines)}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _line_of(finding: Finding) -> str:
    return _line(finding.path, finding.rule, finding.fingerprint)


def _line(path: str, rule: str, fingerprint: str) -> str:
    return f"{path} {rule} {fingerprint[:DIGITS]}"


def _listed(document: Any) -> list[str] | None:
    if not isinstance(document, dict):
        return None
    table = cast("dict[str, Any]", document)
    lines = table.get("findings")
    if table.get("version") != _VERSION or not isinstance(lines, list):
        return None
    listed = cast("list[Any]", lines)
    return listed if all(isinstance(line, str) for line in listed) else None
