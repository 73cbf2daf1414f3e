"""What becomes of something that has to be closed: who owns it, and whether anybody closes it."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from rules.core.scopes import FUNCTIONS
from rules.resource_management.uses import CLOSERS, Use, use_of, uses_of

if TYPE_CHECKING:
    from rules.core.scopes import Scope
    from rules.core.source import SourceFile


class Fate(enum.Enum):
    """How the life of a resource ends, as far as the function that opens it can tell."""

    MANAGED = enum.auto()
    """A `with` block, or something like an `ExitStack`, closes it."""
    CLOSED = enum.auto()
    """It is closed on every path."""
    SOMETIMES = enum.auto()
    """It is closed, but not when something raises or returns before."""
    GIVEN_AWAY = enum.auto()
    """Somebody else has it: it is returned, stored, or passed on."""
    DROPPED = enum.auto()
    """Nobody even keeps it: `open(path).read()`."""
    NEVER = enum.auto()
    """It is kept in a local name and never closed."""
    WITH = enum.auto()
    """It stands in a `with` that does not close it."""
    KEPT_OPEN = enum.auto()
    """It is an attribute of an object that never closes it."""


@dataclass(frozen=True, slots=True)
class Owned:
    """The fate of a resource, the name that holds it, and the line of a close that may be missed."""

    fate: Fate
    holder: str = ""
    line: int = 0


_SAME = {"execution_options", "__enter__", "__aenter__"}
_WRAPPERS = (ast.Await, ast.NamedExpr, ast.IfExp, ast.BoolOp)


def fate_of(call: ast.Call, file: SourceFile, *, with_closes: bool = True) -> Owned:
    """What becomes of the resource that this call opens."""
    node, parent = _outermost(call, file)
    match parent:
        case ast.withitem():
            return Owned(Fate.MANAGED) if with_closes else _in_with(parent, file)
        case ast.Attribute():
            closes = use_of(node, file, with_closes=with_closes) is Use.CLOSES
            return Owned(Fate.CLOSED if closes else Fate.DROPPED)
        case ast.Expr() | ast.For() | ast.comprehension():
            return Owned(Fate.DROPPED)
        case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name() as last])]) if _is_pair(call):
            return _named(last, file, with_closes=with_closes)
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return _assigned(target, file, with_closes=with_closes)
        case _:
            return Owned(Fate.GIVEN_AWAY)


def _is_pair(call: ast.Call) -> bool:
    """Whether the call gives a reader and a writer, of which closing the writer closes both."""
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return last in {"open_connection", "open_unix_connection"}


def _outermost(call: ast.Call, file: SourceFile) -> tuple[ast.expr, ast.AST | None]:
    node: ast.expr = call
    parent = file.parent(node)
    while True:
        if isinstance(parent, ast.NamedExpr):
            return node, ast.Assign(targets=[parent.target], value=node)
        if isinstance(parent, ast.Attribute) and parent.attr in _SAME:
            node, parent = parent, file.parent(parent)
        elif not isinstance(parent, _WRAPPERS) and not _calls(parent, node):
            return node, parent
        else:
            node, parent = parent, file.parent(parent)


def _calls(parent: ast.AST | None, node: ast.expr) -> TypeGuard[ast.expr]:
    """Whether the parent calls a method that gives the same object back."""
    return isinstance(parent, ast.Call) and parent.func is node


def _in_with(item: ast.withitem, file: SourceFile) -> Owned:
    """A `with` that does not close: a close of its `as` name may still come."""
    if not isinstance(item.optional_vars, ast.Name):
        return Owned(Fate.WITH)
    owned = _named(item.optional_vars, file, with_closes=False)
    if owned.fate is Fate.NEVER:
        return Owned(Fate.WITH, owned.holder)
    return owned


def _assigned(target: ast.expr, file: SourceFile, *, with_closes: bool) -> Owned:
    match target:
        case ast.Name():
            return _named(target, file, with_closes=with_closes)
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return _attribute(target, name, file)
        case ast.Subscript(value=ast.Attribute(attr="attributes")):
            return Owned(Fate.DROPPED)  # Alembic's `config.attributes` closes nothing.
        case _:
            return Owned(Fate.GIVEN_AWAY)


def _attribute(target: ast.Attribute, name: str, file: SourceFile) -> Owned:
    """An attribute is fine when any method of its class closes it or hands it on."""
    class_ = file.enclosing_class(target)
    if class_ is None:
        return Owned(Fate.GIVEN_AWAY)
    for node in file.within(class_):
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load):
            use = use_of(node, file, with_closes=True)
            if use in {Use.CLOSES, Use.GIVES}:
                return Owned(Fate.GIVEN_AWAY)
    return Owned(Fate.KEPT_OPEN, f"self.{name}")


def _named(name: ast.Name, file: SourceFile, *, with_closes: bool) -> Owned:
    scope = _scope_of(name, file)
    if scope is None:
        return Owned(Fate.GIVEN_AWAY)
    closes: list[ast.Name] = []
    yielded = False
    for use in uses_of(name.id, scope, file):
        match use_of(use, file, with_closes=with_closes):
            case Use.GIVES:
                return Owned(Fate.GIVEN_AWAY, name.id)
            case Use.YIELDS:
                yielded = True
            case Use.CLOSES:
                closes.append(use)
            case Use.WORKS:
                pass
    if not closes:
        return Owned(Fate.GIVEN_AWAY if yielded else Fate.NEVER, name.id)
    if any(_is_certain(use, name, file) for use in closes) or _is_on_both_ways(closes, file):
        return Owned(Fate.CLOSED, name.id)
    if _follows_at_once(closes[0], name, file):
        return Owned(Fate.CLOSED, name.id)
    return Owned(Fate.SOMETIMES, name.id, closes[-1].lineno)


def _scope_of(name: ast.Name, file: SourceFile) -> Scope | None:
    """The function, or the module, whose own variable the name is."""
    scope = file.scopes.of(name)
    if name.id not in file.scopes.in_scope(scope) or isinstance(scope, ast.ClassDef):
        return None
    return scope if isinstance(scope, (ast.Module, *FUNCTIONS)) else None


def _is_certain(use: ast.Name, opened: ast.Name, file: SourceFile) -> bool:
    """Whether a close happens whatever comes between it and the opening."""
    child: ast.AST = use
    for parent in file.ancestors(use):
        if isinstance(parent, (ast.Try, ast.TryStar)) and child in parent.finalbody:
            return True
        if isinstance(parent, (ast.With, ast.AsyncWith)) and _holds(parent, use, file):
            return True
        if isinstance(parent, (*FUNCTIONS, ast.Lambda)) and parent is not file.scopes.of(opened):
            return True
        child = parent
    holder = file.parent(use)
    if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Attribute):
        return holder.func.attr not in CLOSERS  # `pool.release(connection)`
    return not isinstance(holder, ast.Attribute) or _is_callback(use, file)


def _is_on_both_ways(closes: list[ast.Name], file: SourceFile) -> bool:
    """Closed where it fails, in an `except`, and where it does not."""
    failing = [
        any(isinstance(parent, ast.ExceptHandler) for parent in file.ancestors(use))
        for use in closes
    ]
    return any(failing) and not all(failing)


def _follows_at_once(use: ast.Name, opened: ast.Name, file: SourceFile) -> bool:
    """Whether nothing stands between the opening and the close."""
    first, last = file.statement(opened), file.statement(use)
    body = getattr(file.parent(first), "body", [])
    return first in body and body[body.index(first) + 1 :][:1] == [last]


def _holds(block: ast.With | ast.AsyncWith, use: ast.Name, file: SourceFile) -> bool:
    return any(use in file.within(item.context_expr) for item in block.items)


def _is_callback(use: ast.Name, file: SourceFile) -> bool:
    """`stack.callback(connection.close)`: somebody else calls it."""
    method = file.parent(use)
    call = file.parent(method) if method is not None else None
    return isinstance(call, ast.Call) and call.func is not method
