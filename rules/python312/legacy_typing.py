"""PYT103."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.modern import is_in_annotation, modern_collections, modern_unions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_PLAIN = {"List": "list", "Dict": "dict", "Set": "set", "Tuple": "tuple", "FrozenSet": "frozenset",
    "Type": "type"}  # fmt: skip
_USUAL = 2
_UNIONS = frozenset({"Optional", "Union"})
_OLD = _PLAIN.keys() | _UNIONS


@rule(
    "PYT103",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("ruff:UP006", "ruff:UP007", "ruff:UP035", "ruff:UP045"),
)
def legacy_typing(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`Optional[X]` and `List[X]` are the older spelling of `X | None` and `list[X]`.

    Two spellings in one file make the reader look twice. Suggested once for each file, and only
    where most unions, or most collections, of the file are written the new way.

    ```python
    from typing import Optional


    def first(rows: list[int], default: int | None, limit: int | None) -> int | None:
        return rows[0] if rows else default or limit


    def last(rows: list[int]) -> Optional[int]:  # finding
        return rows[-1] if rows else None
    ```

    ```python fixed
    from typing import Optional


    def first(rows: list[int], default: int | None, limit: int | None) -> int | None:
        return rows[0] if rows else default or limit


    def last(rows: list[int]) -> int | None:
        return rows[-1] if rows else None
    ```

    A file that keeps to the older spelling:

    ```python
    from typing import List, Optional


    def last(rows: List[int]) -> Optional[int]:
        return rows[-1] if rows else None
    ```
    """
    if not file.imports("typing"):
        return
    legacy = file.memo("PYT103", lambda: list(_outnumbered(file)))
    if not legacy:
        return
    first = legacy[0]
    more = f" ({len(legacy) - 1} more in this file)" if len(legacy) > 1 else ""
    new = _rewritten(first, file)
    yield Problem(
        first,
        f"`{file.source(first)[:40]}` is the older spelling{more}; the rest of this file writes"
        f" `{new[:40] if new else 'X | Y'}`.",
        fix=_fix(new),
    )


def _fix(new: str | None) -> Fix | None:
    return fixes.expression(new) if new else None


def _outnumbered(file: SourceFile) -> Iterator[ast.Subscript]:
    """The old spellings of unions, and of collections, where the new one is the usual one."""
    found = _legacy(file)
    for names, modern in ((_UNIONS, modern_unions), (_PLAIN, modern_collections)):
        old = [node for node in found if _last(node.value) in names]
        if old and modern(file) > _USUAL * len(old):
            yield from old


def _legacy(file: SourceFile) -> list[ast.Subscript]:
    found = [
        node
        for node in file.of(ast.Subscript)
        if _last(node.value) in _OLD
        and (file.qualified_name(node.value) or "").startswith("typing.")
        and is_in_annotation(node, file)
        and _rewritten(node, file) is not None
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _rewritten(node: ast.Subscript, file: SourceFile) -> str | None:
    name, inside = _last(node.value), file.source(node.slice)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts):
        return None
    if name == "Optional":
        return f"{inside} | None"
    if name == "Union":
        return " | ".join(file.source(part) for part in parts)
    return f"{_PLAIN[name]}[{inside}]"
