"""How a file can name something of a module without a new import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile


def local_name(file: SourceFile, module: str, name: str) -> str | None:
    """`name` or `module.name` as the file can write it at its top level; None: not imported."""
    for bound, bindings in file.scopes.in_scope(file.tree).items():
        for binding in bindings:
            if binding.kind != "import":
                continue
            if binding.target == f"{module}.{name}":
                return bound
            if binding.target == module:
                return f"{bound}.{name}"
    return None
