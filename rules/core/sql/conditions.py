"""Conditions of SQLAlchemy queries as templates of SQL, columns as `{alias.attribute}`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.schema.columns import last_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.core.names import Names
    from rules.core.source import SourceFile

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_PATTERNS = {
    "like": "LIKE", "ilike": "LIKE", "contains": "LIKE", "icontains": "LIKE", "startswith": "GLOB",
    "endswith": "LIKE", "not_like": "NOT LIKE", "regexp_match": "LIKE",
}  # fmt: skip
_DEPTH = 12
CONSTANT = "'const'"


class Unreadable(Exception):  # noqa: N818 it says what the query is, not that anything failed
    """The query cannot be told from the text of the file alone."""


class Conditions:
    """Reads the expressions of one query. `alias` gives a model its alias in the query."""

    def __init__(self, file: SourceFile, names: Names, alias: Callable[[str], str]) -> None:
        self._file = file
        self._names = names
        self._alias = alias

    def model(self, node: ast.expr) -> str | None:
        """The dotted name of the class that an expression names; an alias has its own."""
        if isinstance(node, ast.Name) and (value := self._aliased(node)) is not None:
            return f"{self.model(value) or '?'} as {node.id}"
        return self._names.of(node) if self._is_class(node) else None

    def owner(self, node: ast.expr) -> str | None:
        """The model of an expression, or the one whose column it is."""
        found = self.model(node.value) if isinstance(node, ast.Attribute) else None
        if found and (last_name(getattr(node, "value", None))[:1].isupper() or " as " in found):
            return found
        return self.model(node) if last_name(node)[:1].isupper() else None

    def mention(self, node: ast.expr) -> None:
        """Give every model of a selected expression its alias."""
        if isinstance(node, ast.Starred):
            raise Unreadable
        if (found := self.owner(node)) is not None:
            self._alias(found)
        elif isinstance(node, ast.Call):
            for argument in node.args:
                self.mention(argument)

    def _is_class(self, node: ast.expr) -> bool:
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name):
            return False
        bindings = self._file.names.reaching(root)
        return bool(bindings) and all(
            found.kind in {"import", "class"} or _is_table(found.value) for found in bindings
        )

    def _aliased(self, node: ast.Name) -> ast.expr | None:
        value = self._file.value(node)
        if isinstance(value, ast.Call) and last_name(value.func) in {"aliased", "alias"}:
            return value.args[0] if value.args else None
        return None

    def column(self, node: ast.expr) -> str | None:
        """The template of a column; None for any other expression."""
        match node:
            case ast.Attribute(value=ast.Attribute(value=table, attr="c" | "columns"), attr=name):
                model = self.model(table)
            case ast.Attribute(value=owner, attr=name):
                model = self.model(owner)
            case ast.Call(func=function, args=[inner, *_]) if last_name(function) in {
                "col",
                "cast",
            }:
                return self.column(inner)
            case _:
                return None
        return f"{{{self._alias(model)}.{name}}}" if model else None

    def conjuncts(self, node: ast.expr) -> Iterator[str]:
        """The conditions that all must hold. Raises `Unreadable` for a computed list of them."""
        match node:
            case ast.Call(func=function, args=arguments) if last_name(function) == "and_":
                for argument in arguments:
                    yield from self.conjuncts(argument)
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
                yield from self.conjuncts(left)
                yield from self.conjuncts(right)
            case _:
                yield self.condition(node)

    def condition(self, node: ast.expr, depth: int = _DEPTH) -> str:
        """One condition as a template of SQL. Raises `Unreadable`."""
        if depth <= 0:
            raise Unreadable
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return self._comparison(left, operator, right)
            case ast.Call(func=function, args=arguments) if last_name(function) in {"and_", "or_"}:
                word = " AND " if last_name(function) == "and_" else " OR "
                parts = [self.condition(argument, depth - 1) for argument in arguments]
                return f"({word.join(parts)})" if parts else "1"
            case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() as operator, right=right):
                word = "OR" if isinstance(operator, ast.BitOr) else "AND"
                sides = self.condition(left, depth - 1), self.condition(right, depth - 1)
                return f"({sides[0]} {word} {sides[1]})"
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return f"NOT ({self.condition(operand, depth - 1)})"
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                return self._method(owner, method, node)
            case ast.Attribute() if (column := self.column(node)) is not None:
                return f"{column} = {CONSTANT}"
            case ast.Constant(value=bool()):
                return "1"
            case _:
                raise Unreadable

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        if (sign := _OPERATORS.get(type(operator))) is None:
            raise Unreadable
        if isinstance(right, ast.Constant) and right.value is None:
            return f"{self.operand(left)} IS {'NOT ' if sign == '<>' else ''}NULL"
        return f"{self.operand(left)} {sign} {self.operand(right)}"

    def compared(self, column: str, value: ast.expr) -> str:
        """The condition that `filter_by(column=value)` stands for."""
        if isinstance(value, ast.Constant) and value.value is None:
            return f"{column} IS NULL"
        return f"{column} = {self.operand(value)}"

    def _method(self, owner: ast.expr, method: str, call: ast.Call) -> str:
        left = self.operand(owner)
        if left in {"?", CONSTANT}:
            raise Unreadable
        match method:
            case "in_":
                return f"{left} IN (?)"
            case "is_" | "is_not" | "isnot":
                none = bool(call.args) and isinstance(call.args[0], ast.Constant)
                word = "IS" if method == "is_" else "IS NOT"
                is_null = none and getattr(call.args[0], "value", 0) is None
                return f"{left} {word} {'NULL' if is_null else CONSTANT}"
            case "between" if len(call.args) == 2:
                return (
                    f"{left} BETWEEN {self.operand(call.args[0])} AND {self.operand(call.args[1])}"
                )
            case "not_in" | "notin_":
                return f"{left} NOT IN (?)"
            case _ if method in _PATTERNS:
                return f"{left} {_PATTERNS[method]} {'?' if method != 'startswith' else CONSTANT}"
            case _:
                return f"coalesce({left}, ?) = ?"

    def operand(self, node: ast.expr) -> str:
        """One side of a comparison: a column, a computed column, a constant or a parameter."""
        if (column := self.column(node)) is not None:
            return column
        if isinstance(node, (ast.Constant, ast.UnaryOp)):
            return CONSTANT
        inner = [
            found
            for child in ast.walk(node)
            if isinstance(child, ast.Attribute) and (found := self.column(child)) is not None
        ]
        return f"coalesce({', '.join([*inner, '?'])})" if inner else "?"

    def ordered(self, node: ast.expr) -> str:
        """One term of ORDER BY; `?` when it is computed."""
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="desc")):
                return f"{self.ordered(value)} DESC"
            case ast.Call(func=ast.Attribute(value=value, attr="asc" | "nulls_last" | "nullslast")):
                return self.ordered(value)
            case ast.Call(func=function, args=[inner]) if last_name(function) in {"desc", "asc"}:
                return self.ordered(inner) + (" DESC" if last_name(function) == "desc" else "")
            case _:
                return self.column(node) or "?"


def _is_table(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and last_name(value.func) == "Table"
