"""Paths in Starlette's own syntax, and which path takes the requests of which other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARAMETER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)(?::([a-zA-Z_][a-zA-Z0-9_]*))?\}")
_TEXTS = {
    "{int}": re.compile(r"[0-9]+"),
    "{float}": re.compile(r"[0-9]+(\.[0-9]+)?"),
    "{uuid}": re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"),
    "{str}": re.compile(r"[^/]+"),
}
_STANDARD = re.compile(r"\{(str|int|float|uuid)\}")
_WIDER = {"{int}": ("{float}", "{str}"), "{float}": ("{str}",), "{uuid}": ("{str}",)}
_REST = "{path}"


class PathParameter(NamedTuple):
    """`{id:int}` is the parameter `id` with the converter `int`; the default one is `str`."""

    name: str
    converter: str


def path_parameters(path: str) -> list[PathParameter]:
    """The parameters of a path, in order."""
    return [PathParameter(m[1], m[2] or "str") for m in _PARAMETER.finditer(path)]


def segments(path: str) -> tuple[str, ...]:
    """The parts of a path between slashes, each parameter as `{converter}` without its name."""
    return tuple(_PARAMETER.sub(lambda m: f"{{{m[2] or 'str'}}}", path).split("/"))


@dataclass(slots=True)
class PathTree[Item]:
    """Items by their paths; finding those that take a path's requests costs its length."""

    items: list[Item] = field(default_factory=list[Item])
    below: dict[str, PathTree[Item]] = field(default_factory=dict[str, "PathTree[Item]"])

    def add(self, path: str, item: Item) -> None:
        """Put an item under its path."""
        node = self
        for segment in segments(path):
            node = node.below.setdefault(segment, PathTree[Item]())
        node.items.append(item)

    def covering(self, path: str) -> Iterator[Item]:
        """The items whose path matches every request that this path matches, itself included."""
        yield from self.covering_segments(segments(path))

    def covering_segments(self, rest: tuple[str, ...]) -> Iterator[Item]:
        """The same for what `segments` made of a path."""
        if not rest:
            yield from self.items
            return
        if (catch_all := self.below.get(_REST)) is not None:
            yield from catch_all.items
        for key in _wider(rest[0]):
            if (node := self.below.get(key)) is not None and key != _REST:
                yield from node.covering_segments(rest[1:])


def _wider(segment: str) -> tuple[str, ...]:
    """A segment and the converters that match whatever it matches."""
    if segment in _WIDER:
        return (segment, *_WIDER[segment])
    if "{" not in segment:
        return (segment, *(key for key, text in _TEXTS.items() if text.fullmatch(segment)))
    text = _STANDARD.sub("", segment)
    if text and "{" not in text:
        return (segment, "{str}")
    return (segment,)
