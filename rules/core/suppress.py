"""Comments that silence a rule on one statement.

`# noqa: SEC101, ASY` as other tools read it, and `# backend-expert: ignore[sql-injection] reason`,
which takes names, codes and groups and may also stand on a line of its own above the statement.
Only real comments count, never text inside a string.
"""

from __future__ import annotations

import functools
import io
import itertools
import re
import tokenize
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.config import weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.rule import Rule

_NOQA = re.compile(r"#\s*noqa(?![\w-])(?P<rest>\s*:.*)?", re.IGNORECASE)
_OWN = re.compile(r"#\s*backend-expert:\s*ignore(?:\[(?P<words>[^\]\n]*)\])?(?P<reason>[^#\n]*)")
_ANY_CODE = re.compile(r"[A-Za-z]+[0-9]+|[A-Z]{3}")
_OUR_CODE = re.compile(r"[A-Z]{3}([0-9]{3})?")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment. No `words` means every rule; `lines` are the 1-based lines that it speaks of."""

    line: int
    column: int
    words: tuple[str, ...]
    reason: str
    own: bool
    lines: tuple[int, ...]

    def names(self, rule: Rule) -> str | None:
        """The word of this comment that means the rule; an empty one when it means all of them."""
        if not self.words:
            return ""
        means = (rule.code, rule.name, rule.group)
        matching = (word for word in self.words if weight(word, *means) is not None)
        return next(matching, None)


@dataclass(frozen=True, slots=True)
class Unused:
    """A word of a suppression that silenced nothing."""

    line: int
    column: int
    word: str
    known: bool
    """False when no rule has this name at all."""


@dataclass
class Suppressions:
    """The suppressions of one file, and which of them were needed."""

    text: str = ""
    lines: frozenset[int] = frozenset()
    """The only lines of which a suppression can speak; most files have none."""
    _used: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])

    @classmethod
    def of(cls, text: str) -> Suppressions:
        """The comments of a file; what does not tokenise is read as far as it does."""
        return cls(text, frozenset(_promising_lines(text)))

    @functools.cached_property
    def all(self) -> tuple[Suppression, ...]:
        """Every comment for us. Telling them from text in strings takes a tokeniser."""
        return tuple(_suppressions(self.text)) if self.lines else ()

    def covers(self, line_start: int, line_end: int, rule: Rule) -> bool:
        """Whether a comment on the first or last line of a statement silences the rule there."""
        if line_start not in self.lines and line_end not in self.lines:
            return False
        covered = False
        for suppression in self.all:
            if line_start in suppression.lines or line_end in suppression.lines:
                word = suppression.names(rule)
                if word is not None:
                    self._used.add((suppression.line, word))
                    covered = True
        return covered

    def unused(self, run: Iterable[Rule]) -> list[Unused]:
        """The words that silenced nothing, though all the rules they mean were run.

        A bare `# noqa` and other tools' codes are never among them.
        """
        rules = tuple(run)
        return [
            Unused(suppression.line, suppression.column, word, known=known)
            for suppression in self.all
            for word in suppression.words
            if (suppression.line, word) not in self._used
            for known in (any(weight(word, r.code, r.name, r.group) is not None for r in rules),)
            if known or (suppression.own and not _OUR_CODE.fullmatch(word))
        ]


def _promising_lines(text: str) -> Iterator[int]:
    if "noqa" not in text and "NOQA" not in text and "backend-expert:" not in text:
        return
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if "#" in line and _own_or_noqa(line):
            yield from (number, number + 1)  # The one below, for a comment on a line of its own.


def _own_or_noqa(line: str) -> bool:
    if "backend-expert:" in line:
        return True
    noqa = _NOQA.search(line)
    return noqa is not None and (not noqa["rest"] or bool(_our_codes(noqa["rest"])))


def _suppressions(text: str) -> Iterator[Suppression]:
    for token in _comments(text):
        line, column = token.start[0], token.start[1] + 1
        alone = not token.line[: token.start[1]].strip()
        if (own := _OWN.search(token.string)) is not None:
            words = tuple(w.strip() for w in (own["words"] or "").split(",") if w.strip())
            lines = (line, line + 1) if alone else (line,)
            if words or own["words"] is None:
                yield Suppression(line, column, words, own["reason"].strip(), own=True, lines=lines)
        elif (noqa := _NOQA.search(token.string)) is not None:
            codes = _our_codes(noqa["rest"] or "")
            if codes or not noqa["rest"]:
                yield Suppression(line, column, codes, "", own=False, lines=(line,))


def _our_codes(rest: str) -> tuple[str, ...]:
    words = rest.replace(":", " ", 1).replace(",", " ").split()
    codes = itertools.takewhile(_ANY_CODE.fullmatch, words)
    return tuple(code.upper() for code in codes if _OUR_CODE.fullmatch(code.upper()))


def _comments(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError):
        return
