"""What a project's own ruff already reports, so that nobody is told the same thing twice.

Follows https://docs.astral.sh/ruff/configuration/: the nearest `.ruff.toml`, `ruff.toml` or
`pyproject.toml` with a `[tool.ruff]` table decides alone, `extend` chains are followed inside the
repository, and the more specific of `select` and `ignore` wins. A project without any of them
does not use ruff, so nothing is selected.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Any, Self, cast

from rules.core.configuration import globs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    type Read = Callable[[str], bytes | None]

_DEFAULT_SELECT = ("E4", "E7", "E9", "F")
_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_LONGEST_CHAIN = 10
_LIMIT = 512 * 1024
_SELECTOR = re.compile(r"(?P<letters>[A-Z]+)(?P<digits>[0-9]*)")


@dataclass(frozen=True, slots=True)
class _Settings:
    """One configuration, with what it extends already merged in."""

    folder: str
    select: tuple[str, ...] = _DEFAULT_SELECT
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def selects(self, path: str, code: str) -> bool:
        """Whether ruff would report this code in this file."""
        inside = path.removeprefix(f"{self.folder}/") if self.folder else path
        if globs.matches(self.exclude, inside):
            return False
        ignored = tuple(w for glob, words in self.per_file if _takes(glob, inside) for w in words)
        if _weight(ignored, code) >= 0:
            return False
        wanted = _weight((*self.select, *self.extend_select), code)
        return wanted > _weight(self.ignore, code)


@dataclass(slots=True)
class RuffConfig:
    """The ruff configurations of one version of a project; `read` gives a file or None."""

    read: Read
    _settings: dict[str, _Settings | None] = field(default_factory=dict[str, _Settings | None])

    @classmethod
    def of(cls, read: Read) -> Self:
        """Nothing is read before the first question."""
        return cls(read)

    def selects(self, path: str, code: str) -> bool:
        """Whether the project's ruff reports this code (`S608`) in this file."""
        settings = self._nearest(dirname(path))
        return settings is not None and settings.selects(path, code)

    def _nearest(self, folder: str) -> _Settings | None:
        if folder not in self._settings:
            found = self._in_folder(folder)
            if found is None and folder:
                found = self._nearest(dirname(folder))
            self._settings[folder] = found
        return self._settings[folder]

    def _in_folder(self, folder: str) -> _Settings | None:
        for name in _NAMES:
            path = join(folder, name)
            if (table := self._table(path)) is not None:
                return self._merged(path, table, {path})
        return None

    def _table(self, path: str) -> dict[str, Any] | None:
        raw = self.read(path)
        if raw is None or len(raw) > _LIMIT:
            return None
        try:
            document = tomllib.loads(raw.decode())
        except (ValueError, RecursionError):
            return None
        return _sub(_sub(document, "tool"), "ruff") if path.endswith("pyproject.toml") else document

    def _merged(self, path: str, table: dict[str, Any], seen: set[str]) -> _Settings:
        parent = self._extended(path, table, seen)
        lint = {**table, **(_sub(table, "lint") or {})}
        select = _words(lint, "select")
        own_ignore = _words(lint, "ignore")
        ignore = parent.ignore if own_ignore is None else own_ignore
        return _Settings(
            folder=dirname(path),
            select=parent.select if select is None else select,
            extend_select=(*parent.extend_select, *(_words(lint, "extend-select") or ())),
            ignore=(*ignore, *(_words(lint, "extend-ignore") or ())),
            exclude=(*parent.exclude, *_excluded(table)),
            per_file=_per_file(lint, parent.per_file),
        )

    def _extended(self, path: str, table: dict[str, Any], seen: set[str]) -> _Settings:
        target: Any = table.get("extend")
        if not isinstance(target, str) or len(seen) > _LONGEST_CHAIN:
            return _Settings(dirname(path))
        base = normpath(join(dirname(path), target))
        if base.startswith(("..", "/")) or base in seen:
            return _Settings(dirname(path))
        found = self._table(base)
        return _Settings("") if found is None else self._merged(base, found, {*seen, base})


def _excluded(table: dict[str, Any]) -> Iterator[str]:
    lint = _sub(table, "lint") or {}
    for place in (table, lint):
        yield from _words(place, "exclude") or ()
        yield from _words(place, "extend-exclude") or ()


def _per_file(
    lint: dict[str, Any], inherited: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    own = _sub(lint, "per-file-ignores")
    kept = inherited if own is None else ()
    tables = (own or {}, _sub(lint, "extend-per-file-ignores") or {})
    return (*kept, *((glob, _words(table, glob) or ()) for table in tables for glob in table))


def _takes(glob: str, path: str) -> bool:
    if glob.startswith("!"):
        return not globs.matches((glob[1:],), path)
    return globs.matches((glob,), path)


def _weight(selectors: tuple[str, ...], code: str) -> int:
    """How specific the most specific selector is that means the code; -1 when none does."""
    return max((_specificity(selector, code) for selector in selectors), default=-1)


def _specificity(selector: str, code: str) -> int:
    if selector == "ALL":
        return 0
    parts, whole = _SELECTOR.fullmatch(selector), _SELECTOR.fullmatch(code)
    if not parts or not whole or not code.startswith(selector):
        return -1
    same_linter = parts["letters"] == whole["letters"] or selector == "PL"
    return len(selector) if same_linter else -1


def _sub(table: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
    value: Any = (table or {}).get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _words(table: dict[str, Any], key: str) -> tuple[str, ...] | None:
    value: Any = table.get(key)
    if not isinstance(value, list):
        return None
    return tuple(word for word in cast("list[Any]", value) if isinstance(word, str))
