"""Fixes that change the arguments of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

    from rules.core.rule import Fix, Rewritten


def without_keyword(name: str) -> Fix:
    """A fix that takes one keyword argument out of the flagged call."""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        kept = [item for item in node.args if item.keyword is None or item.keyword.value != name]
        if kept and len(kept) < len(node.args) and node.args[-1] not in kept:
            kept[-1] = kept[-1].with_changes(comma=node.args[-1].comma)
        return node.with_changes(args=kept)

    return rewrite


def with_keywords(given: dict[str, str]) -> Fix:
    """A fix that adds keyword arguments to the flagged call, or replaces those with the names."""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        kept = [
            item for item in node.args if item.keyword is None or item.keyword.value not in given
        ]
        plain = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        added = [
            cst.Arg(cst.parse_expression(value), keyword=cst.Name(name), equal=plain)
            for name, value in given.items()
        ]
        if kept and isinstance(kept[-1].comma, cst.Comma):
            added[-1] = added[-1].with_changes(comma=kept[-1].comma)
            kept[-1] = kept[-1].with_changes(comma=node.args[0].comma)
        return node.with_changes(args=[*kept, *added])

    return rewrite
