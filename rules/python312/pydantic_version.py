"""Which Pydantic a project is written for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.tables.pydantic import NEW_NAMES, OLD_NAMES

if TYPE_CHECKING:
    from rules.core.source import SourceFile


_SECOND = 2


def is_written_for_version_1(file: SourceFile) -> bool:
    """Whether the project asks for Pydantic 1, or imports what only 1 has and nothing of 2."""
    if file.project is not None:
        major = file.project.requirements.major("pydantic", file.path)
        if major is not None:
            return major < _SECOND
    if any(name.startswith("pydantic.v1") for name in file.imported_modules):
        return True
    if file.project is None or file.imported_modules & NEW_NAMES:
        return False
    return file.memo("pydantic 1", lambda: _old_elsewhere(file))


def _old_elsewhere(file: SourceFile) -> bool:
    old = False
    for facts in file.project.modules.values() if file.project else ():
        names = {target for _, target in facts.exports}
        if facts.module == file.module:
            continue
        if not NEW_NAMES.isdisjoint(names):
            return False
        old = old or not OLD_NAMES.isdisjoint(names)
    return old
