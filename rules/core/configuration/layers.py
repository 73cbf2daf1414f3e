"""Whose word counts: the operator's, the repository's, its organisation's, or the default."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rules.core.config import Config
from rules.core.configuration.reading import KEYS, LIMIT, OWN_FILE, read_table, read_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FILES = (OWN_FILE, "pyproject.toml")
"""Where a repository is configured; the first that is there decides alone."""
OPERATOR = "operator policy"


class PolicyError(ValueError):
    """The operator's policy cannot be used; the message says everything that is wrong."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says: its right values by key, and sentences about what is wrong there.

    `source` is what people call the place, `ref` the version of it that was read. `locked` has
    the keys that no repository may set.
    """

    source: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()
    ref: str = ""
    locked: frozenset[str] = frozenset()


NOTHING = Layer("default")


@dataclass(frozen=True, slots=True)
class Above:
    """What is decided outside of a repository."""

    operator: Layer = NOTHING
    organisation: Layer = NOTHING


@dataclass(frozen=True, slots=True)
class Layered:
    """A repository's own layer together with what is above and below it."""

    repository: Layer
    above: Above = field(default_factory=Above)

    def deciding(self, key: str) -> Layer:
        """The layer whose word counts for a key."""
        operator, organisation = self.above.operator, self.above.organisation
        if key in operator.values:
            return operator
        if key in self.repository.values and key not in operator.locked:
            return self.repository
        return organisation if key in organisation.values else NOTHING

    @property
    def config(self) -> Config:
        """The values that count."""
        decided = ((key, self.deciding(key).values) for key in KEYS)
        return Config(**{key.replace("-", "_"): v[key] for key, v in decided if key in v})

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong in any layer, and what a repository says in vain."""
        return (*self.repository.notes, *self.overruled, *self.above.organisation.notes)

    @property
    def overruled(self) -> tuple[str, ...]:
        """A sentence about each value of the repository that the operator does not let count."""
        said = self.repository.values
        return tuple(
            f"`{key}` is decided by the operator of this service; what `{self.repository.source}` "
            "says of it does not count."
            for key in KEYS
            if key in said and self.deciding(key) is not self.repository
            if said[key] != self.deciding(key).values.get(key)
        )


def repository_layer(read_file: Callable[[str], bytes | None], ref: str = "") -> Layer:
    """What one version of a repository says; `read_file` gives a file or None."""
    for path in FILES:
        if (raw := read_file(path)) is not None:
            where = "backend-expert.toml" if path == OWN_FILE else "pyproject.toml"
            values, notes = read_values(raw.decode("utf-8", "replace"), where)
            return Layer(path, values, notes, ref)
    return NOTHING


def organisation_layer(source: str, text: str, ref: str) -> Layer:
    """What the defaults of an organisation say."""
    values, notes = read_values(text, "backend-expert.toml")
    told = tuple(f"In the defaults of {source}: {note}" for note in notes)
    return Layer(source, values, told, ref)


def policy_layer(text: str) -> Layer:
    """What the operator decides; raises `PolicyError` for anything that is wrong in it.

    The keys are those of a repository, and `locked`, a list of keys that no repository may set.
    """
    if len(text.encode(errors="replace")) > LIMIT:
        raise PolicyError(f"is larger than {LIMIT // 1024} KB")
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"is not valid TOML: {error}") from None
    locked = table.pop("locked", [])
    values, notes = read_table(table)
    wrong = [*notes, *_wrong_locks(locked)]
    if wrong:
        raise PolicyError("is wrong: " + " ".join(wrong))
    return Layer(OPERATOR, values, locked=frozenset(_dashed(key) for key in locked))


def _wrong_locks(locked: Any) -> Iterator[str]:
    if not isinstance(locked, list):
        yield "`locked` should be a list of keys."
        return
    for key in locked:  # pyright: ignore[reportUnknownVariableType] TOML has lists of anything
        if not isinstance(key, str) or _dashed(key) not in KEYS:
            yield f"`locked` names `{key}`, which is not a setting."


def _dashed(key: str) -> str:
    return key.replace("_", "-")
