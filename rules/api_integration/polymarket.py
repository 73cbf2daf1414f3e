"""Whether a file is about Polymarket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.tables.polymarket import CLIENT_MODULES

if TYPE_CHECKING:
    import ast

    from rules.core.source import SourceFile


def is_about_polymarket(file: SourceFile) -> bool:
    """Whether the file names a host of Polymarket, its fields, or imports one of its clients."""
    return file.memo("polymarket", lambda: _is_about(file))


def _is_about(file: SourceFile) -> bool:
    if "polymarket.com" in file.text or "clobTokenIds" in file.text:
        return True
    if "polymarket" in file.path.lower():
        return True
    return "clob_client" in file.text and file.imports(*CLIENT_MODULES)


def source_around(node: ast.AST, file: SourceFile) -> str:
    """The source of the function in which a node stands, or of the whole file."""
    function = file.enclosing_function(node)
    return file.source(function) if function is not None else file.text
