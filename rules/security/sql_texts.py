"""SQL texts as code builds them: constant parts and holes, and where in the SQL a hole stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.security.built_texts import Open, parts_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.security.built_texts import Parts

type Place = Literal["quoted", "value", "identifier", "clause", "placeholder"]
"""What a hole stands for: a value in quotes or bare, a name, a piece of SQL, a parameter's name."""

_STATEMENT = re.compile(
    r"^\s*+(?>--[^\n]*\n\s*|/\*.*?\*/\s*|\(\s*)*+(?:"
    r"select\b(?=.*\bfrom\b)|select\s+\w+\(|insert\s+(?:or\s+\w+\s+|ignore\s+)?into\b"
    r"|update\s+\S+.*\bset\b|delete\s+from\b|replace\s+into\b|with\s+(?:recursive\s+)?\S+.*\bas\b"
    r"|create\s+(?:or\s+replace\s+)?(?:unique\s+|temp\w*\s+|virtual\s+|materialized\s+)?"
    r"(?:table|index|view|trigger|database|schema|role|user|extension|type)\b"
    r"|alter\s+(?:table|user|role|database|type)\b"
    r"|drop\s+(?:table|index|view|database|schema|role|user|trigger|type)\b|pragma\s+\S"
    r"|attach\s+|truncate\s+|vacuum\s+into|merge\s+into|copy\s+\S+|grant\s+\S|explain\s+(?:query|analyze|select)"
    r"|set\s+(?:session|local|search_path)|call\s+\S+\()",
    re.IGNORECASE | re.DOTALL,
)
_WITHOUT_PARAMETERS = re.compile(
    r"^[\s(]*(pragma|create|alter|drop|set|grant|copy|truncate|vacuum)\b", re.IGNORECASE
)
_PROSE = re.compile(
    r"\b(select|update|delete|insert)\s+(the|a|an|your|one|any|some|which|and|or|from the)\b",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(=|<|>|!|\|\||\b(like|ilike|glob|match|is|is not|between|limit|offset|in|values|interval|top"
    r"|regexp|then|else|timeout|cast\())\s*\(?\s*$",
    re.IGNORECASE,
)
_FILE = re.compile(r"\b(from|join)\s+'$", re.IGNORECASE)
"""`FROM 'trades/*.parquet'`: DuckDB reads a file as a table, by a name that cannot be bound."""
_BETWEEN = re.compile(r"\bbetween\s+\S+\s+and\s*$", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"(\b(from|into|update|table|join|exists|by|select|distinct|column|pragma|index|view|database"
    r"|schema|returning|references|to|trigger|only|as|role|user|add|drop|using|call|type|savepoint"
    r"|release)|\.|::)\s*$",
    re.IGNORECASE,
)
_NAMED_BY_AFTER = re.compile(
    r"\s*(=|<|>|!=|\bin\b|\blike\b|\bilike\b|\bis\b|\bbetween\b)", re.IGNORECASE
)
_LIST_OF_VALUES = re.compile(r"\b(in|values|any|all)\s*$|\)\s*,\s*$", re.IGNORECASE)
_LIST_OF_NAMES = re.compile(r"\b(select|by|set|returning|distinct)\b[^()]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """An expression inside an SQL text. `fragment` is the text expression it is written in."""

    node: ast.expr
    fragment: ast.expr
    place: Place
    binds: bool = True
    """Whether the statement takes bound parameters: `PRAGMA` and `CREATE` do not."""


def looks_like_sql(text: str) -> bool:
    """Whether a text is an SQL statement and not prose with the same words in it."""
    return bool(_STATEMENT.match(text)) and not _PROSE.search(text[:200])


def holes_of(file: SourceFile, value: ast.expr, *, prefix: str = "") -> list[Hole]:
    """The holes of an SQL text; none when it is constant or not SQL.

    `prefix` is what to assume before a text that is only a part of a statement.
    """
    parts = parts_of(file, value)
    if not any(isinstance(part, Open) for part in parts):
        return []
    whole = prefix + "".join(part if isinstance(part, str) else "x" for part in parts)
    if not looks_like_sql(whole):
        return []
    return list(_placed(parts, prefix))


def _placed(parts: Parts, prefix: str) -> Iterator[Hole]:
    texts = [part if isinstance(part, str) else "x" for part in parts]
    binds = not _WITHOUT_PARAMETERS.match(prefix + "".join(texts))
    before = prefix
    for number, part in enumerate(parts):
        if isinstance(part, Open):
            place = place_of(before, "".join(texts[number + 1 :]))
            yield Hole(part.node, part.fragment, place, binds)
        before += texts[number]


def place_of(before: str, after: str) -> Place:
    """What a hole between two pieces of SQL stands for."""
    before = re.sub(r"--[^\n]*(?=\n)", "", before)
    if before.replace("''", "").count("'") % 2:
        return "identifier" if _FILE.search(before) else "quoted"
    if before.count('"') % 2 or before.count("`") % 2 or before.endswith("["):
        return "identifier"
    if re.search(r"(?<!:):$|\$$|@$|%\($", before):
        return "placeholder"
    if re.search(r"\w$", before) and not before[-1:].isspace():
        return "identifier"
    if _BETWEEN.search(before):
        return "value"
    if before.rstrip().endswith(("(", ",")):
        return _place_in_list(before.rstrip())
    if _VALUE.search(before):
        return "value"
    if _IDENTIFIER.search(before):
        return "identifier"
    if re.search(r"\b(where|and|or|not|having|on|set|when|case)\s*\(?\s*$", before, re.IGNORECASE):
        return "identifier" if _NAMED_BY_AFTER.match(after) else "clause"
    return "clause"


def _place_in_list(before: str) -> Place:
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        if before[index] == ")":
            depth += 1
        elif before[index] == "(":
            if depth == 0:
                inner, head = before[index + 1 :], before[:index]
                if re.search(r"\bselect\b", inner, re.IGNORECASE):
                    return "identifier"
                if re.search(r"\b(where|and|or|not|on)\s*$", head, re.IGNORECASE):
                    return "clause"
                return "value" if _LIST_OF_VALUES.search(head) else "identifier"
            depth -= 1
    return "identifier" if _LIST_OF_NAMES.search(before) else "clause"
