"""Which major versions of its libraries a project allows, as its own files say."""

from __future__ import annotations

import re
from posixpath import dirname, join
from typing import TYPE_CHECKING

from rules.core.change import UnreadableFileError

if TYPE_CHECKING:
    from rules.core.change import Tree

_NAMES = ("pyproject.toml", "requirements.txt", "setup.cfg", "setup.py", "Pipfile")
_LIMIT = 512 * 1024
_BOUND = re.compile(r"(?P<sign>===?|~=|\^|~|<=?|>=?|)\s*v?(?P<major>\d+)(?P<rest>[\d.*]*)")


class Requirements:
    """What the files beside the code, and in the folders above it, ask for.

    Read when something is asked for the first time; without a tree nothing is known.
    """

    def __init__(self, tree: Tree | None = None) -> None:
        self._tree = tree
        self._majors: dict[tuple[str, str], int | None] = {}
        self._texts: dict[str, str] = {}

    def major(self, library: str, path: str) -> int | None:
        """The only major version of a library that a file's project allows; None: several, or unknown."""
        folder = dirname(path)
        key = (library, folder)
        if key not in self._majors:
            found = self._in_folder(library, folder)
            if found is None and folder:
                found = self.major(library, folder)
            self._majors[key] = found
        return self._majors[key]

    def _in_folder(self, library: str, folder: str) -> int | None:
        wanted = re.compile(
            rf"^\s*[\"']?{re.escape(library)}(\[[^\]\n]*\])?[\"']?\s*(=\s*)?(\{{[^}}\n]*version\s*=\s*)?"
            r"[\"']?\s*(?P<bounds>[\^~=<>v\d][^\"';#\n]*)",
            re.MULTILINE | re.IGNORECASE,
        )
        for name in _NAMES:
            if found := wanted.search(self._text(join(folder, name))):
                return major_of(found["bounds"])
        return None

    def _text(self, path: str) -> str:
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str:
        entry = self._tree.entries().get(path) if self._tree is not None else None
        if self._tree is None or entry is None or entry.size > _LIMIT:
            return ""
        try:
            return self._tree.read(path).decode(errors="replace")
        except UnreadableFileError:
            return ""


def major_of(bounds: str) -> int | None:
    """The one major version within `==1.8.2`, `^1.10`, `>=1.9,<2`; None when it is not only one."""
    lowest, highest = 0, None
    for found in _BOUND.finditer(bounds):
        major = int(found["major"])
        match found["sign"]:
            case "<":
                highest = major if found["rest"].strip(".0*") else major - 1
            case "<=":
                highest = major
            case ">" | ">=":
                lowest = major
            case _:
                return major
    return highest if highest in {lowest, 1} else None
