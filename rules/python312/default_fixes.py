"""Edits of defaults in a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import libcst as cst

    from rules.core.rule import Fix, Rewritten


def none_instead(name: str, new: str) -> Fix:
    """`None` as the default of a parameter, and a new value made at the top of the function."""

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.FunctionDef) or not isinstance(node.body, cst.IndentedBlock):
            return None
        body = list(node.body.body)
        at = 1 if node.get_docstring() is not None else 0
        body.insert(at, cst.parse_statement(f"if {name} is None:\n    {name} = {new}\n"))
        parameters = node.params.with_changes(
            params=_with_none(node.params.params, name),
            kwonly_params=_with_none(node.params.kwonly_params, name),
        )
        return node.with_changes(params=parameters, body=node.body.with_changes(body=body))

    return fix


def _with_none(parameters: Sequence[cst.Param], name: str) -> list[cst.Param]:
    import libcst as cst

    return [
        parameter.with_changes(default=cst.Name("None"), annotation=_or_none(parameter.annotation))
        if parameter.name.value == name
        else parameter
        for parameter in parameters
    ]


def _or_none(annotation: cst.Annotation | None) -> cst.Annotation | None:
    import libcst as cst

    if annotation is None or isinstance(annotation.annotation, cst.SimpleString):
        return annotation
    text = cst.Module([]).code_for_node(annotation.annotation)
    if "None" in text or "Optional" in text:
        return annotation
    return annotation.with_changes(annotation=cst.parse_expression(f"{text} | None"))
