"""Edits to the arguments of a database call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

    from rules.core.rule import Fix, Rewritten


def with_parameters(text: str) -> Fix:
    """A fix that puts this expression in the place of a call's second argument."""

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call) or len(node.args) < 2:
            return None
        second = node.args[1].with_changes(value=cst.parse_expression(text))
        return node.with_changes(args=[node.args[0], second, *node.args[2:]])

    return fix
