"""What expressions and calls do with the data in them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.tables.flow import CLEANS

if TYPE_CHECKING:
    from rules.core.flow.origins import Use

_REPLACED = {("html", "<"), ("path", ".."), ("sql", "'"), ("sql", '"'), ("sql", "`"), ("sql", "]")}
"""What `text.replace(x, ...)` takes away, and for which use the text is then harmless."""


def parts_of(node: ast.AST) -> list[ast.expr]:
    """The expressions whose values the value of this one holds."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod() | ast.Div() | ast.BitOr(), right=right):
            return [left, right]
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return [element]
        case ast.DictComp(key=key, value=value):
            return [key, value]
        case ast.Await(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
            return [value]
        case ast.JoinedStr(values=values) | ast.BoolOp(values=values) | ast.Dict(values=values):
            return values
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return elements
        case _:
            return []


def cleans(name: str, use: Use) -> bool:
    """Whether the callable with this name, one of `CLEANS`, is right for the use."""
    kinds = CLEANS[name]
    return kinds is None or use in kinds


def arguments_of(call: ast.Call) -> list[ast.expr]:
    """All that a call is given, by position and by keyword."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def escapes(call: ast.Call, method: ast.Attribute, use: Use) -> bool:
    """Whether a method with this name makes its argument or its owner harmless for the use."""
    if method.attr == "replace" and call.args and isinstance(call.args[0], ast.Constant):
        return (use, call.args[0].value) in _REPLACED
    return method.attr in {"escape", "quote", "clean", "sanitize"} and use in {"html", "sql", "url"}


def is_extension(node: ast.Subscript) -> bool:
    """`name.split(".")[-1]`: what comes after the last dot holds no `..` any more."""
    match node:
        case ast.Subscript(
            value=ast.Call(
                func=ast.Attribute(attr="split" | "rsplit"), args=[ast.Constant(value="."), *_]
            ),
            slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)),
        ):
            return True
        case ast.Subscript(
            value=ast.Call(func=ast.Attribute(attr="rpartition"), args=[ast.Constant(value=".")]),
            slice=ast.Constant(value=2) | ast.UnaryOp(),
        ):
            return True
        case _:
            return False


def is_numeric_format(node: ast.FormattedValue) -> bool:
    """Whether the format works for numbers only: `{x:.2f}`, `{n:,}`, `{n:02d}`."""
    match node.format_spec:
        case ast.JoinedStr(values=[ast.Constant(value=str(text))]):
            return text[-1:] in {"f", "d", "e", "g", "%", "x", "b", ","}
        case _:
            return False
