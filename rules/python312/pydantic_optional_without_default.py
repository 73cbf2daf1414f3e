"""PYT112."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import fields, is_pydantic
from rules.python312.pydantic_version import is_written_for_version_1
from rules.tables.pydantic import OLD_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_PARTIAL = re.compile(r"(Update|Patch|Filters?|Options)(Request|Schema|Model|In|Params)?$")


@rule(
    "PYT112",
    on=ast.ClassDef,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("bump-pydantic:BP001",),
)
def pydantic_optional_without_default(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    """An `X | None` field without a default is required in Pydantic 2.

    `Optional` used to bring the default `None` with it. Now a client that leaves the field out
    gets a 422. Reported where that is surely not meant: in models of partial changes and filters,
    beside fields that have `= None`, and in files that still use the old validators.

    ```python
    from pydantic import BaseModel


    class MarketUpdate(BaseModel):
        title: str | None = None
        closes_at: str | None  # finding
    ```

    ```python fixed
    from pydantic import BaseModel


    class MarketUpdate(BaseModel):
        title: str | None = None
        closes_at: str | None = None
    ```

    An answer in which the field is always present:

    ```python
    from pydantic import BaseModel


    class MarketResponse(BaseModel):
        title: str
        closes_at: str | None
    ```
    """
    if not node.bases or not is_pydantic(node, file):
        return
    optional = [field for field in fields(node) if _is_optional(field.annotation)]
    bare = [field for field in optional if field.value is None]
    if not bare or is_written_for_version_1(file):
        return
    mixed = bool(_PARTIAL.search(node.name)) and len(bare) < len(optional)
    if not mixed and file.imported_modules.isdisjoint(OLD_NAMES):
        return
    for field in bare:
        name = file.source(field.target)
        yield Problem(
            field,
            f"`{name}` of `{node.name}` may be `None` but must be sent: Pydantic 2 gives it no"
            " default. Add `= None`.",
            fix=fixes.small_statement(f"{file.source(field)} = None"),
        )


def _is_optional(annotation: ast.expr) -> bool:
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return any(
                isinstance(side, ast.Constant) and side.value is None for side in (left, right)
            )
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional")):
            return True
        case _:
            return False
