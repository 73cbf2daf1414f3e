"""Which file a dotted name means, seen from another file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STANDARD = frozenset(sys.stdlib_module_names)


class Modules:
    """The modules of a project by their dotted path from its root.

    A repository can hold several applications, each with a root of its own (`backend/app` is
    imported as `app`): a name is looked for from the folders around the importing file, the
    nearest first, as Python would with that folder on its path.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._tops = self._by_first_part()
        self._roots: dict[str, tuple[str, ...]] = {}

    def _by_first_part(self) -> dict[str, frozenset[str]]:
        """First part of what can be imported to the roots under which it stands."""
        found: dict[str, set[str]] = {}
        for name in self._names:
            parts = name.split(".")
            for number, part in enumerate(parts):
                found.setdefault(part, set()).add(".".join(parts[:number]))
        return {part: frozenset(roots) for part, roots in found.items()}

    def unsure_beside(self, other: Modules) -> frozenset[str] | None:
        """The parts of names by which a name may mean another module in another version.

        None for any: when one has a module where the other has only modules below it.
        """
        apart = self._names ^ other._names
        both = self._names & other._names
        if any(name.startswith(f"{one}.") for one in apart for name in both):
            return None
        parts = {part for name in apart for part in name.split(".")}
        return frozenset(part for part in parts if self._tops.get(part) != other._tops.get(part))

    def split(self, dotted: str, importer: str) -> tuple[str, str] | None:
        """The module that a dotted name means and what is left of the name; None: not ours."""
        first = dotted.partition(".")[0].removesuffix("()")
        roots = self._tops.get(first)
        if roots is None:
            return None
        for root in self._candidates(first, roots, importer):
            whole = f"{root}.{dotted}" if root else dotted
            if (module := self._longest(whole)) is not None and len(module) > len(root):
                return module, whole[len(module) + 1 :]
        return None

    def _candidates(self, first: str, roots: frozenset[str], importer: str) -> Iterator[str]:
        for root in self._around(importer):
            if root in roots and not (first in _STANDARD and root):
                yield root
        if len(roots) == 1 and first not in _STANDARD:
            yield from (root for root in roots if not self._is_inside_package(root))

    def _is_inside_package(self, root: str) -> bool:
        """Whether a folder is a package of a package: `app/kit/sqlalchemy` is not `sqlalchemy`."""
        return "." in root and root in self._names

    def _around(self, importer: str) -> tuple[str, ...]:
        """The folders around a module: the root first if it is one of the names, then nearest."""
        if importer not in self._roots:
            parts = importer.split(".")[:-1]
            near = [".".join(parts[:number]) for number in range(len(parts), 0, -1)]
            self._roots[importer] = ("", *near)
        return self._roots[importer]

    def _longest(self, dotted: str) -> str | None:
        while dotted and dotted not in self._names:
            dotted = dotted.rpartition(".")[0]
        return dotted or None
