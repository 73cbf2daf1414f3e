"""The operations of an Alembic migration, in the order in which `upgrade` runs them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from rules.core.schema.columns import indexed_column, indexes_of, last_name
from rules.core.schema.facts import OperationFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.core.source import SourceFile

_OPERATIONS = frozenset({
    "create_table", "drop_table", "rename_table", "add_column", "create_index", "drop_index",
    "create_unique_constraint", "create_primary_key", "drop_constraint",
})  # fmt: skip


def is_migration(file: SourceFile) -> bool:
    """Whether a file is an Alembic migration."""
    return "op." in file.text and file.imports("alembic")


def revision_of(file: SourceFile) -> tuple[str, tuple[str, ...]]:
    """The revision of a migration and those that come directly before it."""
    found: dict[str, object] = {}
    for statement in file.tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in {"revision", "down_revision"}:
                found[name] = file.literal(value)
            case _:
                continue
    before = found.get("down_revision")
    earlier = cast("Sequence[object]", before) if isinstance(before, (tuple, list)) else (before,)
    return str(found.get("revision") or file.path), tuple(s for s in earlier if isinstance(s, str))


def operations_of(file: SourceFile) -> Iterator[OperationFacts]:
    """What the migration does to tables and indexes; what `downgrade` does is left out."""
    wanted = sorted(_OPERATIONS & file.called_names)
    calls = sorted(file.calls(*wanted), key=lambda c: (c.lineno, c.col_offset)) if wanted else []
    for call in calls:
        if (function := file.enclosing_function(call)) and function.name == "downgrade":
            continue
        if isinstance(call.func, ast.Attribute):
            for operation in _operation(file, call, call.func):
                yield operation._replace(line=call.lineno)


def _operation(
    file: SourceFile, call: ast.Call, function: ast.Attribute
) -> Iterator[OperationFacts]:
    owner = function.value
    batch = _batch_table(file, owner) if isinstance(owner, ast.Name) and owner.id != "op" else None
    given = list(call.args)
    match function.attr:
        case "create_index" | "create_unique_constraint" | "create_primary_key":
            name = _text(file, _argument(call, given, 0, "index_name"))
            at = 1 if batch is None else 0
            table = batch or _text(file, _argument(call, given, 1, "table_name"))
            columns = _argument(call, given, at + 1, "columns")
            unique = function.attr != "create_index" or _is_unique(call)
            yield OperationFacts("create_index", table, name, _columns(file, columns), unique)
        case "drop_index" | "drop_constraint":
            name = _text(file, _argument(call, given, 0, "index_name"))
            table = batch or _text(file, _argument(call, given, 1, "table_name"))
            yield OperationFacts("drop_index", table, name)
        case "create_table":
            table = _text(file, given[0] if given else None)
            yield OperationFacts("create_table", table)
            yield from _inside(file, table, given[1:])
        case "add_column":
            table = batch or _text(file, given[0] if given else None)
            yield from _inside(file, table, given[0 if batch else 1 :])
        case "rename_table":
            old, new = (_text(file, item) for item in (*given[:2], None, None)[:2])
            yield OperationFacts("rename_table", old, new)
        case _:
            return


def _inside(file: SourceFile, table: str, items: list[ast.expr]) -> Iterator[OperationFacts]:
    """The indexes that columns and constraints of a new table bring."""
    for item in items:
        if not isinstance(item, ast.Call):
            continue
        if last_name(item.func) == "Column":
            name = _text(file, item.args[0] if item.args else None)
            words = {word.arg for word in item.keywords if getattr(word.value, "value", 0) is True}
            if words & {"primary_key", "unique", "index"}:
                unique = bool(words & {"primary_key", "unique"})
                yield OperationFacts("create_index", table, f"ix_{table}_{name}", (name,), unique)
        elif (index := indexes_of(file, item)) is not None:
            yield OperationFacts("create_index", table, index.name, index.columns, index.unique)


def _batch_table(file: SourceFile, owner: ast.Name) -> str | None:
    """The table of `with op.batch_alter_table("t") as batch_op`."""
    for binding in file.names.reaching(owner):
        value = binding.value
        if isinstance(value, ast.Call) and last_name(value.func) == "batch_alter_table":
            return _text(file, value.args[0] if value.args else None)
    return "*"


def _argument(call: ast.Call, given: list[ast.expr], at: int, name: str) -> ast.expr | None:
    for word in call.keywords:
        if word.arg == name:
            return word.value
    return given[at] if at < len(given) else None


def _columns(file: SourceFile, node: ast.expr | None) -> tuple[str, ...]:
    if isinstance(node, (ast.List, ast.Tuple)):
        return tuple(indexed_column(item) for item in node.elts)
    given = file.literal(node)
    return tuple(map(str, given)) if isinstance(given, (list, tuple)) else ("*",)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _text(file: SourceFile, node: ast.expr | None) -> str:
    """A constant text, `op.f(...)` looked through; `*` when it is computed."""
    if isinstance(node, ast.Call) and last_name(node.func) == "f" and node.args:
        node = node.args[0]
    return (file.constant_text(node) if node is not None else None) or "*"


def _is_unique(call: ast.Call) -> bool:
    return any(
        word.arg == "unique" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in call.keywords
    )
