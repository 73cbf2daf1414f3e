"""Whether what is written at one place of a function is committed afterwards."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from rules.core.scopes import FUNCTIONS
from rules.core.sql.facts import is_committing_block
from rules.core.sql.queries import verb_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.source import SourceFile

COMMITTING = frozenset({
    "commit", "acommit", "begin", "executescript", "rollback", "begin_nested", "transaction",
    "atomic", "commit_transaction",
})  # fmt: skip
"""Last names of calls that end a transaction or open a block that does."""

_HARMLESS = frozenset({
    "print", "len", "str", "repr", "isinstance", "id", "dict", "list", "tuple", "closing",
    "info", "debug", "warning", "error", "exception",
})  # fmt: skip


def is_committed(node: ast.AST, file: SourceFile, names: frozenset[str]) -> bool:
    """Whether a commit can follow the node in its function, or somebody else may make it.

    `names` are the variables of the connection, its cursors and what was built from it: who is
    given one of them, or returns it, may commit.
    """
    return _in_block_that_commits(node, file) or any(
        _ends(statement, file, names) for statement in _following(node, file)
    )


def _in_block_that_commits(node: ast.AST, file: SourceFile) -> bool:
    for parent in file.ancestors(node):
        if isinstance(parent, (*FUNCTIONS, ast.Lambda)):
            return False
        if isinstance(parent, (ast.With, ast.AsyncWith)) and any(
            is_committing_block(item, file) or _commits(item.context_expr, file)
            for item in parent.items
        ):
            return True
    return False


def _following(node: ast.AST, file: SourceFile) -> Iterator[ast.AST]:
    """The statements that can run after the node, its own included."""
    child: ast.AST = file.statement(node)
    yield child
    for parent in file.ancestors(child):
        for name in ("body", "orelse", "finalbody", "handlers"):
            block = cast("list[ast.AST]", getattr(parent, name, []))
            if child in block:
                yield from _after(parent, name, block, child)
        if isinstance(parent, (*FUNCTIONS, ast.Lambda)):
            return
        child = parent


def _after(parent: ast.AST, name: str, block: list[ast.AST], child: ast.AST) -> Iterator[ast.AST]:
    if isinstance(parent, (ast.For, ast.AsyncFor, ast.While)) and name == "body":
        yield from block
    else:
        yield from block[block.index(child) + 1 :]
    if isinstance(parent, (ast.Try, ast.TryStar)):
        if name == "body":
            yield from parent.orelse
        if name != "finalbody":
            yield from parent.finalbody


def _ends(statement: ast.AST, file: SourceFile, names: frozenset[str]) -> bool:
    for node in _own(statement):
        match node:
            case ast.Call() if _commits(node, file) or _hands_on(node, file, names):
                return True
            case ast.With() | ast.AsyncWith() if any(
                is_committing_block(item, file) for item in node.items
            ):
                return True
            case ast.Return(value=value) | ast.Yield(value=value) if _mentions([value], names):
                return True
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=value) if _mentions(
                [value], names
            ):
                return True
            case _:
                pass
    return False


def _own(statement: ast.AST) -> Iterator[ast.AST]:
    stack = [statement]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)) or node is statement:
            stack.extend(ast.iter_child_nodes(node))


def _commits(node: ast.AST, file: SourceFile) -> bool:
    if not isinstance(node, ast.Call):
        return False
    last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if last in COMMITTING or "commit" in last.lower():
        return True
    if last == "execute" and node.args:
        text = file.constant_text(node.args[0])
        return text is not None and verb_of(text) in {"commit", "end", "begin", "rollback"}
    name = file.qualified_name(node.func)
    return bool(name and file.project is not None and file.project.database.commits(name))


def _hands_on(call: ast.Call, file: SourceFile, names: frozenset[str]) -> bool:
    """Whether somebody who is not known gets the connection, and may commit."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(receiver, ast.Name) and receiver.id in names:
        return False
    if not _mentions(given, names):
        return False
    name = file.qualified_name(call.func) or ""
    if name.rsplit(".", 1)[-1] in _HARMLESS:
        return False
    return file.project is None or name not in file.project.functions


def _mentions(nodes: Iterable[ast.expr | None], names: frozenset[str]) -> bool:
    """Whether a connection itself (not what is read through it) is among the values."""
    for node in nodes:
        match node:
            case ast.Name(id=name) if name in names:
                return True
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if f"self.{name}" in names:
                return True
            case ast.Tuple(elts=elts) | ast.List(elts=elts) if _mentions(elts, names):
                return True
            case ast.Starred(value=value) if _mentions([value], names):
                return True
            case _:
                pass
    return False
