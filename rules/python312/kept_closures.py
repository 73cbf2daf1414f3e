"""Functions that are made in a loop and outlive the turn that made them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_KEEPING = frozenset({
    "append", "add", "insert", "appendleft", "setdefault", "put", "put_nowait", "add_done_callback",
    "call_later", "call_soon", "call_soon_threadsafe", "call_at", "submit", "Thread", "Timer",
    "add_task", "add_job", "subscribe", "register", "on", "connect", "add_listener", "bind",
    "add_callback", "add_event_handler", "schedule",
})  # fmt: skip
_POOL = re.compile(r"Executor\(|TaskGroup\(|Pool\(|open_nursery\(|create_task_group\(")
_KEEPING_ARGUMENTS = ("on_", "callback", "command", "target", "handler")


def is_kept(node: ast.AST, loop: ast.For | ast.AsyncFor, file: SourceFile) -> bool:
    """Whether a lambda or `def` in this loop is stored, registered or scheduled."""
    if isinstance(node, ast.Lambda):
        return _keeps(node, file)
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    if any(isinstance(d, ast.Call) for d in node.decorator_list):
        return True
    return any(
        isinstance(use, ast.Name)
        and use.id == node.name
        and isinstance(use.ctx, ast.Load)
        and _keeps(use, file)
        for use in file.within(loop)
    )


def _keeps(use: ast.expr, file: SourceFile) -> bool:
    """Whether the expression around a function keeps it beyond this turn."""
    child: ast.AST = use
    parent = file.parent(use)
    if isinstance(parent, ast.keyword):
        named = (parent.arg or "").startswith(_KEEPING_ARGUMENTS)
        call = file.parent(parent)
        return named and isinstance(call, ast.Call) and not _ends_here(call, file)
    match parent:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if (
            child is not parent.func
        ):
            return name in _KEEPING and not _ends_here(parent, file)
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute(), *_]):
            return not _leaves(parent, file)
        case ast.Dict() | ast.List() | ast.Tuple():
            return _keeps(parent, file)
        case _:
            return False


def _ends_here(call: ast.Call, file: SourceFile) -> bool:
    """Whether the call is waited for in this turn, or the turn is the last."""
    around = file.parent(call)
    if isinstance(around, ast.Await):
        return True
    if isinstance(around, ast.Attribute) and around.attr in {"result", "join"}:
        return True
    if _is_in_pool_of_this_turn(call, file):
        return True
    return _leaves(file.statement(call), file)


def _is_in_pool_of_this_turn(call: ast.Call, file: SourceFile) -> bool:
    """Whether the turn makes the pool or group that runs it, and waits at the end of its block."""
    for parent in file.ancestors(call):
        if isinstance(parent, (ast.For, ast.AsyncFor, ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            opened = " ".join(file.source(item.context_expr) for item in parent.items)
            if _POOL.search(opened):
                return True
    return False


def _leaves(statement: ast.stmt, file: SourceFile) -> bool:
    """Whether the loop is left right after the statement."""
    block: list[ast.stmt] = getattr(file.parent(statement), "body", [])
    if statement not in block:
        return False
    return any(isinstance(s, (ast.Return, ast.Break)) for s in block[block.index(statement) :])
