"""The suggestions that give a model's column, or several together, an index."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.schema.columns import last_name

if TYPE_CHECKING:
    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile
    from rules.core.sql.index_candidates import Index

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


def written(index: Index, callee: str = "Index") -> str:
    """The index as a model declares it."""
    parts = [f'"{index.name}"', *map(_column, index.columns)]
    return f"{callee}({', '.join(parts)})"


def _column(column: str) -> str:
    plain = column.removesuffix(" DESC")
    return f'text("{column}")' if plain != column else f'"{plain}"'


def with_indexes(statement: ast.stmt, index: Index, file: SourceFile) -> Fix | None:
    """A fix that adds an index to `__table_args__`, or puts such a line below `__tablename__`."""
    made = written(index, _index_class(file))
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or "text(" in made:
        return None
    return lambda node: _declared(node, made)


def _index_class(file: SourceFile) -> str:
    """How the file spells `sqlalchemy.Index`."""
    for name, bindings in file.scopes.in_scope(file.tree).items():
        target = bindings[-1].target if bindings[-1].kind == "import" else ""
        if target in {"sqlalchemy.Index", "sqlalchemy.schema.Index"}:
            return name
        if target == "sqlalchemy":
            return f"{name}.Index"
    return "Index"


def _declared(node: cst.CSTNode, made: str) -> Rewritten | None:
    import libcst as cst

    if not isinstance(node, cst.SimpleStatementLine):
        return None
    (only,) = node.body
    if not isinstance(only, cst.Assign):
        return None
    target = only.targets[0].target
    if isinstance(target, cst.Name) and target.value == "__tablename__":
        new = cst.parse_statement(f"__table_args__ = ({made},)\n")
        return cst.FlattenSentinel([node, new])
    if not isinstance(only.value, cst.Tuple) or not only.value.elements:
        return None
    return node.with_changes(body=[only.with_changes(value=_longer(only.value, made))])


def _longer(held: cst.Tuple, made: str) -> cst.Tuple:
    """The tuple with one more element, before the options at its end, laid out as it is."""
    import libcst as cst

    *first, last = held.elements
    opening = held.lpar[0].whitespace_after if held.lpar else cst.SimpleWhitespace("")
    is_long = isinstance(opening, cst.ParenthesizedWhitespace)
    comma = cst.Comma(whitespace_after=opening if is_long else cst.SimpleWhitespace(" "))
    new = cst.Element(cst.parse_expression(made), comma=comma)
    if isinstance(last.value, cst.Dict):
        return held.with_changes(elements=[*first, new, last])
    ending = last.comma if isinstance(last.comma, cst.Comma) else cst.MaybeSentinel.DEFAULT
    return held.with_changes(
        elements=[*first, last.with_changes(comma=comma), new.with_changes(comma=ending)]
    )
