"""The suggestion that gives a model's column an index."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.schema_columns import last_name

if TYPE_CHECKING:
    import libcst as cst

    from rules.core.rule import Fix

_TAKES_INDEX = {"Column", "mapped_column", "Field"}


def with_index(statement: ast.stmt) -> Fix | None:
    """A fix that adds `index=True` to the call on the right, or gives a bare column such a call."""
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(value, ast.Call) or last_name(value.func) not in _TAKES_INDEX:
        return None
    if any(word.arg in {"index", "sa_column", None} for word in value.keywords):
        return None
    return _add


def _add(node: cst.CSTNode) -> cst.CSTNode | None:
    import libcst as cst

    if not isinstance(node, cst.SimpleStatementLine):
        return None
    (only,) = node.body
    value = only.value if isinstance(only, (cst.Assign, cst.AnnAssign)) else None
    if not isinstance(value, cst.Call):
        return None
    word = cst.Arg(
        cst.Name("True"), keyword=cst.Name("index"), equal=cst.AssignEqual(
            cst.SimpleWhitespace(""), cst.SimpleWhitespace("")
        ),
    )  # fmt: skip
    call = value.with_changes(args=[*value.args, word])
    return node.with_changes(body=[only.with_changes(value=call)])
