"""What `gather`, `wait` or a `TaskGroup` runs at the same time."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp)
_TASKS = {"create_task", "ensure_future", "start_soon"}
_WAITS = {"asyncio.gather", "asyncio.wait", "asyncio.as_completed"}


class Work(NamedTuple):
    """One call that makes a coroutine; `items` is what it is made for each of, if for several."""

    call: ast.Call
    items: ast.expr | None = None


class Together(NamedTuple):
    """Where several pieces of work start at once, and what they are."""

    place: ast.Call
    works: tuple[Work, ...]


def started_together(file: SourceFile) -> list[Together]:
    """Every place of the file that starts several coroutines, in the order of the text."""
    return file.memo("async_patterns.together", lambda: list(_found(file)))


def _found(file: SourceFile) -> Iterator[Together]:
    if not file.called_names & {"gather", "wait", "as_completed", "TaskGroup", "start_soon"}:
        return
    for call in file.calls("gather", "wait", "as_completed"):
        if file.qualified_name(call.func) in _WAITS:
            works = tuple(work for argument in call.args for work in _works(argument, file))
            yield Together(call, works)
    for block in file.of(ast.AsyncWith):
        yield from _in_group(block, file)


def _works(argument: ast.expr, file: SourceFile) -> Iterator[Work]:
    """The work in one argument: a call, a list of calls by a name, or one call for each item."""
    inner = argument.value if isinstance(argument, ast.Starred) else argument
    match inner:
        case ast.Name():
            yield from _listed(inner, file)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for element in elements:
                yield from _works(element, file)
        case ast.ListComp(elt=made) | ast.GeneratorExp(elt=made) | ast.SetComp(elt=made):
            if isinstance(call := _unwrapped(made), ast.Call):
                yield Work(call, inner.generators[0].iter)
        case ast.Call():
            yield Work(_unwrapped(inner))
        case _:
            pass


def _listed(name: ast.Name, file: SourceFile) -> Iterator[Work]:
    """What a local list was made of, and what was appended to it before this use."""
    scope = file.enclosing_function(name)
    value = file.value(name)
    if isinstance(value, (ast.List, ast.Tuple, *_COMPREHENSIONS)):
        yield from _works(value, file)
    elif isinstance(value, ast.Call) and _is_task(value):
        yield Work(_unwrapped(value))
    for call in file.calls("append", "add") if scope is not None else ():
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner)), args=[ast.Call() as made]):
                if owner == name.id and file.enclosing_function(call) is scope:
                    yield Work(_unwrapped(made), _items_around(call, file))
            case _:
                pass


def _in_group(block: ast.AsyncWith, file: SourceFile) -> Iterator[Together]:
    """The tasks that a `TaskGroup` is given inside its own block."""
    names = {
        item.optional_vars.id
        for item in block.items
        if isinstance(item.optional_vars, ast.Name)
        and file.qualified_name(item.context_expr)
        in {"asyncio.TaskGroup", "anyio.create_task_group"}
    }
    works: list[Work] = []
    place: ast.Call | None = None
    for node in file.body(block) if names else ():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=group)), args=[_, *_]):
                if group in names and _is_task(node):
                    place = node
                    works.append(Work(_unwrapped(node), _items_around(node, file, block)))
            case _:
                pass
    if place is not None:
        yield Together(place, tuple(works))


def _items_around(
    call: ast.Call, file: SourceFile, outside: ast.AST | None = None
) -> ast.expr | None:
    """What the loop around a call goes through; None when the call is made once."""
    for parent in file.ancestors(call):
        if parent is outside or isinstance(parent, (*FUNCTIONS, ast.Lambda)):
            return None
        if isinstance(parent, (ast.For, ast.AsyncFor)):
            return parent.iter
    return None


def _is_task(call: ast.Call) -> bool:
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return last in _TASKS


def _unwrapped[Node: ast.expr](made: Node) -> Node | ast.Call:
    """`work(1)` of `create_task(work(1))`; of `start_soon(work, 1)` the call that it stands for."""
    if not isinstance(made, ast.Call) or not _is_task(made) or not made.args:
        return made
    first = made.args[0]
    if isinstance(first, ast.Call):
        return first
    return ast.copy_location(ast.Call(first, made.args[1:], []), made)
