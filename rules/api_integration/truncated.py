"""Amounts of money that `int` cuts to whole cents after a multiplication of floats."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_FACTORS = {100, 1000, 10_000}
_MONEY = re.compile(
    r"(^|_)(price|amount|cost|fee|dollars?|usdc?|eur|payout|stake|bid|ask|premium|notional|bankroll"
    r"|balance|subtotal|total|limit_price)s?(_|$)",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(r"percent|pct|ratio|rate|share|count|prob|score", re.IGNORECASE)
_SHOWN = (ast.FormattedValue, ast.JoinedStr)


def truncated(file: SourceFile) -> Iterator[Problem]:
    """The problems, each with its fix."""
    for call, value in _truncated(file):
        shown = file.source(call)
        rounded = f"round{shown.removeprefix('int')}"
        yield Problem(
            call,
            f"`{shown}` cuts off what the float in `{file.source(value)}` lacks: `int(0.29 * 100)` is"
            f" 28. Use `{rounded}`, or a `Decimal`.",
            fix=fixes.expression(rounded) if "\n" not in shown else None,
        )


def _truncated(file: SourceFile) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Every `int(price * 100)` on a price that is a float, with the price."""
    for call in file.calls("int"):
        match call:
            case ast.Call(func=ast.Name(), args=[ast.BinOp(op=ast.Mult(), left=left, right=right)]):
                for value, factor in ((left, right), (right, left)):
                    if file.literal(factor) in _FACTORS and _is_float_money(value, call, file):
                        yield call, value
                        break
            case _:
                pass


def _is_float_money(value: ast.expr, call: ast.Call, file: SourceFile) -> bool:
    names = (_last(value), *_targets(call, file))
    if any(_NO_MONEY.search(name) for name in names) or isinstance(file.parent(call), _SHOWN):
        return False
    return any(_MONEY.search(name) for name in names) and _is_float(value, file)


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Name(id="float"), args=[inner]):
            return _last(inner)
        case _:
            return ""


def _targets(call: ast.Call, file: SourceFile) -> list[str]:
    """What the whole number is called: a variable, an argument or a key."""
    match file.parent(call):
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return [_last(target)]
        case ast.keyword(arg=str(name)):
            return [name]
        case ast.Dict(keys=keys, values=values):
            key = keys[values.index(call)] if call in values else None
            return (
                [key.value] if isinstance(key, ast.Constant) and isinstance(key.value, str) else []
            )
        case _:
            return []


def _is_float(value: ast.expr, file: SourceFile, depth: int = 3) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="float")):
            return True
        case ast.BinOp(op=ast.Div()):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_float(left, file, depth) or _is_float(right, file, depth)
        case ast.Constant(value=float()):
            return True
        case ast.Name() if depth > 0:
            bindings = file.names.reaching(value)
            return bool(bindings) and all(
                _says_float(binding.annotation)
                or (
                    binding.annotation is None
                    and binding.kind == "assign"
                    and binding.value is not None
                    and _is_float(binding.value, file, depth - 1)
                )
                for binding in bindings
            )
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            class_ = file.enclosing_class(value)
            statements = file.defined.members(class_).get(name, []) if class_ else []
            return any(
                isinstance(statement, ast.AnnAssign) and _says_float(statement.annotation)
                for statement in statements
            )
        case _:
            return False


def _says_float(annotation: ast.expr | None) -> bool:
    """`float`, `float | None`, `Optional[float]`."""
    match annotation:
        case ast.Name(id=name):
            return name == "float"
        case ast.BinOp(left=left, right=right):
            return _says_float(left) or _says_float(right)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _says_float(inner)
        case _:
            return False
