"""TOML to `Config`: every wrong key and value becomes a sentence, and nothing raises."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from rules.core.config import Config, weight
from rules.core.rule import GROUPS, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.config import Where
    from rules.core.rule import Rule

OWN_FILE = ".github/backend-expert.toml"

LIMIT = 64 * 1024
"""Largest configuration file that is read, in bytes."""

_MOST_WORDS = 500
SEVERITIES = tuple(severity.value for severity in Severity)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file: its type, the values it may have, and what it is for."""

    kind: Literal[
        "words", "globs", "count", "switch", "choice", "path", "words by glob", "severities"
    ]
    about: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0


KEYS: dict[str, Key] = {
    "select": Key("words", "Rules to run: codes, prefixes, names, groups or ALL."),
    "ignore": Key("words", "Rules not to run; the more specific of select and ignore wins."),
    "exclude": Key("globs", "Paths that are not reviewed, as in .gitignore."),
    "per-path-ignores": Key("words by glob", "Rules not to run on the paths of a glob."),
    "severity": Key("severities", "Severity of a rule: critical, warning or suggestion."),
    "max-inline-comments": Key("count", "Most inline comments of one review, 0 to 100.", most=100),
    "group-above": Key(
        "count", "More findings of one rule than this become one comment.", least=1, most=1000
    ),
    "summary": Key("choice", "When to post the summary comment.", ("always", "findings", "off")),
    "fail-on": Key(
        "choice", "Severity from which the check fails.", (*SEVERITIES, "never")
    ),
    "drafts": Key("switch", "Whether draft pull requests are reviewed."),
    "bots": Key("switch", "Whether pull requests opened by bots are reviewed."),
    "defer-to-ruff": Key("switch", "Whether to leave to ruff what the project's ruff reports already."),
    "generated": Key("globs", "More paths of generated files, which are not reviewed."),
    "tests": Key("globs", "Paths of test code, instead of the usual ones."),
    "low-confidence": Key(
        "choice", "Where uncertain findings are shown.", ("inline", "summary", "off")
    ),
    "baseline": Key("path", "File of the findings that stood there before; empty is none."),
}  # fmt: skip


class _WrongValueError(ValueError):
    """A value that a key cannot have; the text says what it can have."""


def read(text: str, where: Where) -> tuple[Config, tuple[str, ...]]:
    """See `Config.from_toml`."""
    values, notes = read_values(text, where)
    return Config(**{key.replace("-", "_"): value for key, value in values.items()}), notes


def read_values(text: str, where: Where) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The right values in a file by key, and a sentence about everything that is wrong in it."""
    if len(text.encode(errors="replace")) > LIMIT:
        return {}, (f"`{where}` is larger than {LIMIT // 1024} KB and was not read.",)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, (f"`{where}` is not valid TOML and was not read: {_short(str(error))}.",)
    table = _table(document, where)
    if table is None:
        return {}, ("`tool.backend-expert` is not a table and was not read.",)
    return read_table(table)


def _table(document: dict[str, Any], where: Where) -> dict[str, Any] | None:
    if where == "backend-expert.toml":
        return document
    tool: Any = document.get("tool", {})
    if not isinstance(tool, dict):
        return {}
    table = cast("dict[str, Any]", tool).get("backend-expert", {})
    return cast("dict[str, Any]", table) if isinstance(table, dict) else None


def read_table(table: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The right values of a table by key, and a sentence about each that is wrong."""
    values: dict[str, Any] = {}
    notes: list[str] = []
    for written, value in table.items():
        name = written.replace("_", "-")
        if name not in KEYS:
            notes.append(f"`{_short(written)}` is not a setting{_nearest(name, list(KEYS))}.")
            continue
        try:
            values[name] = _value(KEYS[name], value)
        except _WrongValueError as error:
            notes.append(f"`{name}` {error}; the default is used.")
    return values, tuple(notes)


def _value(key: Key, value: Any) -> Any:
    match key.kind:
        case "words" | "globs":
            return _words(value)
        case "switch":
            return _switch(value)
        case "count":
            return _count(key, value)
        case "choice":
            return _choice(value, key.choices)
        case "path":
            return _path(value)
        case "words by glob":
            return tuple((glob, _words(words)) for glob, words in _pairs(value))
        case "severities":
            return tuple((word, Severity(_choice(s, SEVERITIES))) for word, s in _pairs(value))


def _words(value: Any) -> tuple[str, ...]:
    words = cast("list[Any]", value) if isinstance(value, list) else [None]
    texts = tuple(word for word in words if isinstance(word, str) and word)
    if len(texts) != len(words):
        message = "should be a list of texts"
        raise _WrongValueError(message)
    if len(texts) > _MOST_WORDS:
        message = f"has more than {_MOST_WORDS} entries"
        raise _WrongValueError(message)
    return texts


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        message = "should be true or false"
        raise _WrongValueError(message)
    return value


def _count(key: Key, value: Any) -> int:
    least, most = key.least, key.most
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        message = f"should be a whole number from {least} to {most}"
        raise _WrongValueError(message)
    return value


def _path(value: Any) -> str:
    if not isinstance(value, str) or value.startswith("/") or ".." in value.split("/"):
        message = "should be a path inside the repository"
        raise _WrongValueError(message)
    return value


def _choice(value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        hint = _nearest(value, list(choices)) if isinstance(value, str) else ""
        message = f"should be one of {', '.join(choices)}{hint}"
        raise _WrongValueError(message)
    return value


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        message = "should be a table"
        raise _WrongValueError(message)
    table = cast("dict[str, Any]", value)
    if len(table) > _MOST_WORDS:
        message = f"has more than {_MOST_WORDS} entries"
        raise _WrongValueError(message)
    return iter(table.items())


def words_without_a_rule(config: Config, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """See `Config.unknown_rules`."""
    known = [name for rule in rules for name in (rule.code, rule.name)] + list(GROUPS)
    return tuple(
        f"`{key}` names `{_short(word)}`, which is no rule{_nearest(word, known)}."
        for key, word in _words_for_rules(config)
        if all(weight(word, rule.code, rule.name, rule.group) is None for rule in rules)
    )


def _words_for_rules(config: Config) -> Iterator[tuple[str, str]]:
    yield from (("select", word) for word in config.select)
    yield from (("ignore", word) for word in config.ignore)
    yield from (("severity", word) for word, _ in config.severity)
    for _, words in config.per_path_ignores:
        yield from (("per-path-ignores", word) for word in words)


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word[:80], known, n=1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _short(text: str) -> str:
    line = " ".join(text.split()).replace("`", "'")
    return line if len(line) <= 80 else line[:79] + "…"
