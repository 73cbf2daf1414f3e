"""The configuration of one commit, value by value: where each comes from, and how two differ."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from rules.core.change import UnreadableFileError
from rules.core.config_reading import KEYS, OWN_FILE, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.core.change import Tree
    from rules.core.config import Config

FILES = (OWN_FILE, "pyproject.toml")
"""Where a repository is configured; the first that is there decides alone."""
DEFAULT = "default"
LONGEST = 200
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One value and the file that gives it, or `default`."""

    key: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration, what is wrong with it, and the keys that its file gives rightly."""

    config: Config
    notes: tuple[str, ...]
    source: str
    keys: frozenset[str]

    @classmethod
    def at(cls, tree: Tree) -> Configured:
        """The configuration in one version of a repository."""
        read = reader(tree)
        config, notes = load(read)
        source, given = _given(read)
        wrong = {note.split("`")[1] for note in notes if note.startswith("`")}
        return cls(config, notes, source, frozenset(given & set(KEYS)) - wrong)

    def settings(self) -> Iterator[Setting]:
        """Every value, in the order of the documentation."""
        for key in KEYS:
            source = self.source if key in self.keys else DEFAULT
            yield Setting(key, written(_value(self.config, key)), source)


def reader(tree: Tree) -> Callable[[str], bytes | None]:
    """Reads the files of a version; what is not there or not readable is None."""

    def read(path: str) -> bytes | None:
        try:
            return tree.read(path) if path in tree.entries() else None
        except UnreadableFileError:
            return None

    return read


def differences(old: Config, new: Config) -> Iterator[tuple[str, str, str]]:
    """The keys whose values differ, with both values."""
    for key in KEYS:
        before, after = _value(old, key), _value(new, key)
        if before != after:
            yield key, written(before), written(after)


def written(value: object) -> str:
    """A value much as TOML has it, on one line, shortened, and without backticks."""
    text = _written(value).replace("`", "'")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        parts = cast("tuple[object, ...]", value)
        return f"[{', '.join(_written(part) for part in parts)}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _value(config: Config, key: str) -> object:
    return getattr(config, key.replace("-", "_"))


def _given(read: Callable[[str], bytes | None]) -> tuple[str, set[str]]:
    """The file that decides and the keys that it has."""
    for path in FILES:
        raw = read(path)
        if raw is not None:
            return path, {key.replace("_", "-") for key in _table(path, raw)}
    return DEFAULT, set()


def _table(path: str, raw: bytes) -> dict[str, Any]:
    try:
        document = tomllib.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    if path == OWN_FILE:
        return document
    tool = document.get("tool")
    table = cast("dict[str, Any]", tool).get("backend-expert") if isinstance(tool, dict) else None
    return cast("dict[str, Any]", table) if isinstance(table, dict) else {}
