"""The parameters that an SQL text asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKENS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\[\]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)|::\w+|\\:"
    r"|(?P<number>\?\d+)|(?P<mark>\?)|(?<![\w:])[:@$](?P<name>[A-Za-z_]\w*)|(?P<percent>%s|%\((\w+)\)s)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Placeholders:
    """`marks` counts the `?`, `highest` is the largest `?1` number, `names` those of `:name`."""

    marks: int
    highest: int
    names: tuple[str, ...]
    percents: int

    @property
    def positional(self) -> int:
        """How many values a sequence must have."""
        return max(self.marks, self.highest)


def placeholders(sql: str) -> Placeholders:
    """The placeholders of an SQL text; what stands in quotes and comments is none."""
    marks = highest = percents = 0
    names: list[str] = []
    for found in _TOKENS.finditer(sql):
        if found["number"]:
            highest = max(highest, int(found["number"][1:]))
        elif found["mark"]:
            marks += 1
        elif found["name"] and found["name"] not in names:
            names.append(found["name"])
        elif found["percent"]:
            percents += 1
    return Placeholders(marks, highest, tuple(names), percents)


_INSERT = re.compile(
    r"\s*(?:insert|replace)\b[^()]*?\binto\s+[\w.\"`]+\s*\((?P<columns>[^()]*)\)\s*values\s*\(",
    re.IGNORECASE,
)


def inserted(sql: str) -> tuple[int, int] | None:
    """How many columns an `INSERT … (…) VALUES (…)` names and how many values it gives."""
    found = _INSERT.match(sql)
    if found is None:
        return None
    values = _first_row(sql[found.end() :])
    return (found["columns"].count(",") + 1, values) if values else None


def _first_row(rest: str) -> int:
    depth, count, quoted = 0, 1, False
    for character in rest:
        if character == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            if depth == 0:
                return count
            depth -= 1
        elif character == "," and depth == 0:
            count += 1
    return 0
