"""What a repository may choose about its reviews: `[tool.backend-expert]`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.core.configuration import globs
from rules.core.rule import GROUPS, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.core.rule import Rule

type Where = Literal["pyproject.toml", "backend-expert.toml"]
type PerPath = tuple[tuple[str, tuple[str, ...]], ...]

VENDORED = (
    ".git", ".hg", ".venv", "venv", ".tox", ".nox", ".eggs", "site-packages", "node_modules",
    "vendor", "vendored", "_vendor", "third_party", "__pypackages__",
)  # fmt: skip
GENERATED = ("*_pb2.py", "*_pb2_grpc.py", "*_pb2.pyi", "_version.py")
TESTS = ("tests", "test", "test_*.py", "*_test.py", "conftest.py", "testing")


@dataclass(frozen=True, slots=True)
class Config:
    """The choices of one repository; the defaults are what a repository without any gets.

    Rules are named by code (`SEC101`), prefix of codes (`SEC`), name (`sql-injection`), group
    (`security`) or `ALL`. Paths are matched as `.gitignore` does.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_path_ignores: PerPath = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    max_inline_comments: int = 30
    group_above: int = 5
    summary: Literal["always", "findings", "off"] = "always"
    fail_on: Literal["critical", "warning", "suggestion", "never"] = "critical"
    drafts: bool = False
    bots: bool = True
    defer_to_ruff: bool = True
    generated: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    low_confidence: Literal["inline", "summary", "off"] = "summary"
    baseline: str = ".github/backend-expert-baseline.json"

    @classmethod
    def from_toml(cls, text: str, where: Where) -> tuple[Config, tuple[str, ...]]:
        """The configuration in a file's text, and a sentence about everything that is wrong in it.

        Never raises: what is wrong keeps its default, and the sentences are shown in the review.
        """
        from rules.core.configuration.reading import read

        return read(text, where)

    def selects(self, rule: Rule, path: str) -> bool:
        """Whether this rule has a say about this file."""
        return self.selects_beside(rule, self.ignored_at(path))

    def selects_beside(self, rule: Rule, ignored: tuple[str, ...]) -> bool:
        """Whether this rule has a say about files in which these words are ignored."""
        named = (rule.code, rule.name, rule.group)
        if not _heaviest(self.select, *named) > _heaviest(self.ignore, *named):
            return False  # The more specific word wins; at the same weight, `ignore`.
        return all(weight(word, *named) is None for word in ignored)

    def ignored_at(self, path: str) -> tuple[str, ...]:
        """The words of `per_path_ignores` that hold for a file."""
        return _ignored_at(self.per_path_ignores, path) if self.per_path_ignores else ()

    def severity_of(self, rule: Rule, default: Severity) -> Severity:
        """The severity that the repository gives to this rule; the most specific entry wins."""
        found = [
            (specific, severity)
            for word, severity in self.severity
            if (specific := weight(word, rule.code, rule.name, rule.group)) is not None
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else default

    def is_excluded(self, path: str) -> bool:
        """Whether the repository wants nothing said about this file."""
        return globs.matches(self.exclude, path)

    def is_vendored(self, path: str) -> bool:
        """Whether this is other people's code, kept in the repository."""
        return globs.matches(VENDORED, path)

    def is_generated(self, path: str) -> bool:
        """Whether the file is written by a tool, told by its path."""
        return globs.matches(GENERATED + self.generated, path)

    def is_test(self, path: str) -> bool:
        """Whether the file is test code, told by its path."""
        return globs.matches(self.tests or TESTS, path)

    def unknown_rules(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        """A sentence about every word that should name rules and names none."""
        from rules.core.configuration.reading import words_without_a_rule

        return words_without_a_rule(self, tuple(rules))


def weight(word: str, code: str, name: str, group: str) -> int | None:
    """How specifically a word names a rule: 0 for `ALL`, 9 for its code; None when it does not."""
    if word == "ALL":
        return 0
    if word in {code, name, name.replace("-", "_")}:
        return 9
    if word in {group, group.replace("_", "-"), GROUPS[group]}:
        return 3
    return len(word) if code.startswith(word) else None


def _heaviest(words: tuple[str, ...], code: str, name: str, group: str) -> int:
    weights = (weight(word, code, name, group) for word in words)
    return max((found for found in weights if found is not None), default=-1)


@functools.lru_cache(maxsize=8192)
def _ignored_at(per_path: PerPath, path: str) -> tuple[str, ...]:
    return tuple(word for glob, words in per_path if globs.matches((glob,), path) for word in words)
