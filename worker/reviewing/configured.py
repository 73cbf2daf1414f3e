"""The configuration of one commit, value by value: where each comes from, and how two differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rules.core.change import UnreadableFileError
from rules.core.configuration.layers import Layered, repository_layer
from rules.core.configuration.reading import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.core.change import Tree
    from rules.core.config import Config
    from rules.core.configuration.layers import Above

LONGEST = 200
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One value, the place that gives it (or `default`), and the version of that place."""

    key: str
    value: str
    source: str
    ref: str


def layered(tree: Tree, above: Above, ref: str = "") -> Layered:
    """The configuration in one version of a repository, with what is decided outside of it."""
    return Layered(repository_layer(reader(tree), ref), above)


def settings(layers: Layered) -> Iterator[Setting]:
    """Every value, in the order of the documentation."""
    for key in KEYS:
        layer = layers.deciding(key)
        yield Setting(key, written(_value(layers.config, key)), layer.source, layer.ref)


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
