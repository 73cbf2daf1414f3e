"""Whether anything keeps a task that was just created."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Step
from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_KEEPS_NOTHING = {"add_done_callback", "set_name", "get_name", "remove_done_callback", "done"}
_CALLBACKS = {
    "add_signal_handler", "call_later", "call_soon", "call_at", "call_soon_threadsafe",
    "add_done_callback", "add_listener", "on", "connect", "subscribe", "add_callback",
}  # fmt: skip


def has_callback(call: ast.Call, file: SourceFile) -> bool:
    """Whether a done-callback of a lost task at least sees its error."""
    match file.parent(call):
        case ast.Attribute():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return any(
                isinstance(other.func, ast.Attribute)
                and isinstance(other.func.value, ast.Name)
                and other.func.value.id == name
                for other in file.calls("add_done_callback")
            )
        case _:
            return False


def lost_because(call: ast.Call, file: SourceFile) -> str | None:
    """How the new task gets lost, as the end of a sentence; None when something keeps it."""
    parent = file.parent(call)
    match parent:
        case ast.Expr():
            return "is kept by nobody"
        case ast.Lambda():
            return _lost_in_lambda(parent, file)
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            return _lost_in_name(name, file)
        case ast.Attribute(attr=attribute) if attribute in _KEEPS_NOTHING:
            return "has a callback but is kept by nobody"
        case ast.List() | ast.Tuple() | ast.Set():
            return _lost_in_wait(parent, file)
        case _:
            return None


def lost_by_caller(call: ast.Call, file: SourceFile) -> tuple[str, Step] | None:
    """Who drops the task that a function makes and only gives away, and where."""
    function, project = file.enclosing_function(call), file.project
    if function is None or project is None or not _is_given_away(call, function, file):
        return None
    callers = sorted(
        (project.path_of(caller), fact.line, caller)
        for caller, fact in project.calls.to(file.defined.name_of(function))
        if fact.dropped
    )
    if not callers:
        return None
    path, line, caller = callers[0]
    label = project.label(caller)
    return label, Step(path, line, f"`{label}` calls `{function.name}` and drops the task")


def _is_given_away(call: ast.Call, function: FunctionNode, file: SourceFile) -> bool:
    """Whether the task is returned, itself or by its name, and nothing else holds it."""
    if isinstance(function, ast.AsyncFunctionDef):
        return False
    match file.parent(call):
        case ast.Return():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            uses = [
                use
                for use in file.within(function)
                if isinstance(use, ast.Name) and use.id == name and isinstance(use.ctx, ast.Load)
            ]
            returned = [use for use in uses if isinstance(file.parent(use), ast.Return)]
            kept = any(_keeps(use, file) for use in uses if use not in returned)
            return bool(returned) and not kept
        case _:
            return False


def _lost_in_lambda(function: ast.Lambda, file: SourceFile) -> str | None:
    match file.parent(function):
        case ast.Call(func=ast.Attribute(attr=attribute)) if attribute in _CALLBACKS:
            return f"is dropped by the callback given to `{attribute}`"
        case _:
            return None


def _lost_in_name(name: ast.Name, file: SourceFile) -> str | None:
    scope = file.scopes.of(name)
    if not isinstance(scope, FUNCTIONS) or name.id not in file.scopes.in_scope(scope):
        return None
    uses = [
        use
        for use in file.within(scope)
        if isinstance(use, ast.Name) and use.id == name.id and isinstance(use.ctx, ast.Load)
    ]
    if any(_keeps(use, file) for use in uses):
        return None
    return f"is kept only in the local name `{name.id}`"


def _keeps(use: ast.Name, file: SourceFile) -> bool:
    parent = file.parent(use)
    return not (isinstance(parent, ast.Attribute) and parent.attr in _KEEPS_NOTHING)


def _lost_in_wait(holder: ast.AST, file: SourceFile) -> str | None:
    """`asyncio.wait` returns what is still pending; who drops that drops the tasks."""
    call = file.parent(holder)
    if not isinstance(call, ast.Call) or file.qualified_name(call.func) != "asyncio.wait":
        return None
    if not {"timeout", "return_when"} & {keyword.arg for keyword in call.keywords}:
        return None
    awaited = file.parent(call)
    dropped = isinstance(awaited, ast.Await) and isinstance(file.parent(awaited), ast.Expr)
    return "is lost when `asyncio.wait` returns without it" if dropped else None


def keeping_set(node: ast.AST, file: SourceFile) -> str | None:
    """The expression of a set of tasks that the module or the class around a node already has."""
    function = file.enclosing_function(node)
    class_ = file.enclosing_class(node)
    if class_ is not None and function is not None and file.parent(function) is class_:
        for name, statements in file.defined.members(class_).items():
            if any(_is_set_of_tasks(statement, file) for statement in statements):
                return f"self.{name}"
    for statement in file.tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name) and _is_set_of_tasks(statement, file):
                return target.id
    return None


def _is_set_of_tasks(statement: ast.Assign | ast.AnnAssign, file: SourceFile) -> bool:
    match statement.value:
        case ast.Call(func=ast.Name(id="set"), args=[]):
            return "task" in file.source(statement).lower()
        case _:
            return False
