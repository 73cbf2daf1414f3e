"""SQL texts made ready for the planner: parameters, holes, names of schemas, other dialects."""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"(?P<text>'(?:[^']|'')*')|(?P<name>\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\[\]\s]*\])"
    r"|(?P<cast>::\s*\w+(?:\[\])?)"
    r"|(?P<parameter>\?\d*|(?<![\w:]):[A-Za-z_]\w*|@[A-Za-z_]\w*|\$\d+|%s|%\(\w+\)s)"
)
_WORD_BEFORE_TABLE = re.compile(
    r"\b(from|join|into|update|table|exists|references|on)(\s+)(\w+)\.(\w+)(?=[\s(;,)]|$)",
    re.IGNORECASE,
)
_TABLE = re.compile(
    r"\b(?:from|join|into|update|on|,)\s+(?:only\s+)?(\"[^\"]+\"|`[^`]+`|\[[^\[\]]+\]|\w+)",
    re.IGNORECASE,
)
_CREATED = re.compile(
    r"\s*create\s+(temp\w*\s+|virtual\s+)?(table|view)\s+(?:if\s+not\s+exists\s+)?"
    r"(\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w{}]+)",
    re.IGNORECASE,
)
_INDEXED = re.compile(
    r"\s*create\s+(unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?"
    r"(?P<name>\"[^\"]+\"|[\w.{}]+)?\s*on\s+(?:only\s+)?(?P<table>\"[^\"]+\"|`[^`]+`|[\w{}]+)\s*"
    r"(?:using\s+(?P<method>\w+)\s*)?\((?P<columns>.*?)\)(?P<rest>[^)]*)$",
    re.IGNORECASE | re.DOTALL,
)
_ALTERED = re.compile(
    r"\s*alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(\"[^\"]+\"|`[^`]+`|[\w{}]+)"
    r"(?:\s+rename\s+to\s+(\"[^\"]+\"|[\w{}]+))?",
    re.IGNORECASE,
)
_FOREIGN_WORDS = (
    (re.compile(r"\bilike\b", re.IGNORECASE), "LIKE"),
    (re.compile(r"=\s*any\s*\(", re.IGNORECASE), "IN ("),
    (re.compile(r"\bfor\s+(no\s+key\s+)?update\b.*$", re.IGNORECASE | re.DOTALL), ""),
)
_DEFAULT_CALL = re.compile(r"\bdefault\s+\(?[\w.]+\s*\([^()]*\)\)?", re.IGNORECASE)
_DEFAULT_HOLE = re.compile(r"\bdefault\s+\(?\{\}\)?", re.IGNORECASE)
_GLUED_HOLE = re.compile(r"\{\}(?=\w)")
_VALUE_HOLE = re.compile(r"'%?\{\}%?'|(?<=[=<>(,\s])\{\}(?=[\s,);]|$)")


def prepared(sql: str) -> str:
    """A statement with every parameter as `?` and no casts of PostgreSQL."""
    return _with_schemas(_TOKENS.sub(_token, sql)).strip().rstrip(";")


def _token(found: re.Match[str]) -> str:
    if found["parameter"]:
        return "?"
    return "" if found["cast"] else found[0]


def _with_schemas(sql: str) -> str:
    """`app.users` after FROM and the like as one quoted name, for SQLite would look for a file."""
    return _WORD_BEFORE_TABLE.sub(_qualified, sql)


def _qualified(found: re.Match[str]) -> str:
    if found[3].lower() in {"main", "public", "temp"}:
        return f"{found[1]}{found[2]}{found[4]}"
    if found[1].lower() == "on":
        return found[0]
    return f'{found[1]}{found[2]}"{found[3]}.{found[4]}"'


def in_sqlite(sql: str) -> str:
    """A statement of another dialect in words that SQLite knows, where a word is all it takes."""
    for pattern, replacement in _FOREIGN_WORDS:
        sql = pattern.sub(replacement, sql)
    return sql


def without_holes(sql: str, hole: str = "{}") -> str | None:
    """A statement with its computed values as parameters; None when a hole is more than a value."""
    if hole in sql:
        sql = _VALUE_HOLE.sub(" ?", sql)
    return None if hole in sql else sql


def definition(sql: str) -> str:
    """A defining text as SQLite reads it: defaults that call functions and schemas left out."""
    sql = _DEFAULT_HOLE.sub("DEFAULT NULL", sql)
    sql = _GLUED_HOLE.sub("", sql)
    return _with_schemas(_DEFAULT_CALL.sub("DEFAULT NULL", sql)).strip().rstrip(";")


def tables_in(sql: str) -> list[str]:
    """Every word that stands where a table is named, in lower case; aliases and CTEs too."""
    return list(dict.fromkeys(_bare(name) for name in _TABLE.findall(sql)))


def created(sql: str) -> tuple[str, str] | None:
    """Kind (`table`, `view`, `virtual`, `temp`) and name of what a definition creates."""
    found = _CREATED.match(sql)
    if found is None:
        return None
    kind = (found[1] or found[2]).strip().lower()
    return ("temp" if kind.startswith("temp") else kind), _bare(found[3])


def indexed(sql: str) -> tuple[str, tuple[str, ...], str] | None:
    """Table, columns and method of a `CREATE INDEX`; a computed column is `()`."""
    found = _INDEXED.match(sql)
    if found is None:
        return None
    columns = tuple(_column(part) for part in _parts(found["columns"]))
    return _bare(found["table"]), columns, (found["method"] or "").lower()


def _parts(columns: str) -> list[str]:
    """The columns between commas, those inside parentheses left together."""
    parts, depth = [""], 0
    for piece in re.split(r"([(),])", columns):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _column(part: str) -> str:
    words = part.split()
    return "()" if not words or "(" in part else _bare(words[0])


def altered(sql: str) -> tuple[str, str] | None:
    """The table that an `ALTER TABLE` changes and its new name, if it is renamed."""
    found = _ALTERED.match(sql)
    return (_bare(found[1]), _bare(found[2] or "")) if found is not None else None


def _bare(name: str) -> str:
    return name.strip('"`[]').lower()
