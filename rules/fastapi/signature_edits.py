"""Fixes that change the parameters of a function or the arguments of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

    from rules.core.rule import Fix, Rewritten


def with_parameter(text: str) -> Fix:
    """A fix that adds a required parameter (`name: type`) to the flagged function."""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.FunctionDef) or node.params.posonly_params:
            return None
        made = cst.parse_module(f"def f({text}): ...").body[0]
        params = list(node.params.params)
        if not isinstance(made, cst.FunctionDef) or isinstance(node.params.star_arg, cst.Param):
            return None
        new = made.params.params[0]
        at = next((i for i, each in enumerate(params) if each.default is not None), len(params))
        if at < len(params):
            comma = (
                params[0].comma
                if len(params) > 1
                else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            )
            new = new.with_changes(comma=comma)
        elif params:
            last = params[-1]
            new = new.with_changes(comma=last.comma)
            between = (
                params[0].comma
                if len(params) > 1
                else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            )
            params[-1] = last.with_changes(comma=between)
        params.insert(at, new)
        return node.with_changes(params=node.params.with_changes(params=params))

    return rewrite


def with_keyword(name: str, value: str) -> Fix:
    """A fix that adds a keyword argument to the flagged call."""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        args = list(node.args)
        plain = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        new = cst.Arg(cst.parse_expression(value), keyword=cst.Name(name), equal=plain)
        if args:
            last = args[-1]
            if isinstance(last.comma, cst.Comma):
                new = new.with_changes(comma=last.comma)
                between = args[0].comma
            else:
                between = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            args[-1] = last.with_changes(comma=between)
        return node.with_changes(args=[*args, new])

    return rewrite


def without_keyword(name: str) -> Fix:
    """A fix that takes one keyword argument out of the flagged call."""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        kept = [each for each in node.args if each.keyword is None or each.keyword.value != name]
        if kept and len(kept) < len(node.args) and node.args[-1] not in kept:
            kept[-1] = kept[-1].with_changes(comma=node.args[-1].comma)
        return node.with_changes(args=kept)

    return rewrite
