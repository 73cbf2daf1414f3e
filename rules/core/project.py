"""What the rest of the project tells about one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.core.source import SourceFile


class Project:
    """The facts of all files of one version, linked."""

    def __init__(self) -> None:
        self._dependencies: frozenset[str] = frozenset()

    @classmethod
    def of_files(cls, files: Iterable[SourceFile]) -> Self:
        """The project that consists of these files."""
        return cls()

    def canonical(self, name: str) -> str:
        """Follow re-exports of the project's own modules to where a name is defined."""
        return name

    def returns(self, name: str) -> str | None:
        """The class of what a function of the project returns."""
        return None

    def attribute(self, owner: str, name: str) -> str | None:
        """What an attribute of a class or a variable of a module of the project is."""
        return None

    def is_dependency(self, name: str) -> bool:
        """Whether the function with this dotted name is given to `Depends` anywhere."""
        return name in self._dependencies
