"""PYT102."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.modern import has_type_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "PYT102",
    on=ast.AnnAssign,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
    peers=("ruff:UP040",),
)
def type_alias_statement(node: ast.AnnAssign, file: SourceFile) -> Iterator[Problem]:
    """`X: TypeAlias = ...` is the older way to write `type X = ...`.

    The statement of Python 3.12 evaluates its right side late, so that it may name what comes
    below, and it takes type parameters. Suggested once for each file, and only in files that use
    syntax of 3.12 already.

    ```python
    from typing import TypeAlias

    type Prices = dict[str, float]
    Books: TypeAlias = dict[str, list[float]]  # finding
    ```

    ```python fixed
    from typing import TypeAlias

    type Prices = dict[str, float]
    type Books = dict[str, list[float]]
    ```

    A file that may have to run on an older Python:

    ```python
    from typing import TypeAlias

    Books: TypeAlias = dict[str, list[float]]
    ```
    """
    if node.value is None or not isinstance(node.target, ast.Name):
        return
    if not file.source(node.annotation).endswith("TypeAlias") or not has_type_parameters(file):
        return
    aliases = file.memo("PYT102", lambda: _aliases(file))
    if not aliases or aliases[0] is not node:
        return
    more = f" ({len(aliases) - 1} more in this file)" if len(aliases) > 1 else ""
    text = f"type {node.target.id} = {file.source(node.value)}"
    yield Problem(
        node,
        f"`type {node.target.id} = ...` says this in the syntax that the file uses already{more}.",
        fix=None if isinstance(node.value, ast.Constant) else fixes.small_statement(text),
    )


def _aliases(file: SourceFile) -> list[ast.AnnAssign]:
    return [
        node
        for node in file.of(ast.AnnAssign)
        if node.value is not None
        and file.qualified_name(node.annotation)
        in {"typing.TypeAlias", "typing_extensions.TypeAlias"}
    ]
