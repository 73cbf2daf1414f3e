"""Which calls give a coroutine."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.async_patterns.named_receivers import (
    by_receiver,
    is_awaited_beside,
    is_awaited_elsewhere,
    methods_awaited,
)
from rules.core.scopes import promises_items
from rules.core.web.routes import METHODS as ROUTE_METHODS
from rules.tables import coroutines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.core.project import Project
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_KEEPS_ASYNC = {
    "staticmethod", "classmethod", "abstractmethod", "override", "overload", "wraps", "final",
    "retry", "on_exception", "on_predicate", "deprecated", "websocket", "exception_handler",
    "middleware", "on_event", "cache", "cached", "limit", "validate_call", *ROUTE_METHODS,
}  # fmt: skip
"""Last names of decorators after which an `async def` is still called with `await`."""
_SEVERAL = 3
"""So many awaited functions show that a decorator keeps them coroutine functions."""


def coroutine_calls(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    """Every call that gives a coroutine and is not awaited on the spot, with its name."""
    known = _last_names(file.project) if file.project is not None else frozenset[str]()
    own = {function.name for function in file.of(ast.AsyncFunctionDef)}
    called = file.called_names  # The few: a project has thousands of coroutine functions.
    wanted = sorted(
        called & known | called & own | called & _TABLE | called & methods_awaited(file)
    )
    for call in file.calls(*wanted) if wanted else ():
        if file.is_awaited(call):
            continue
        name = file.qualified_name(call.func)
        if name is not None and gives_coroutine(name, call, file):
            yield call, name
        elif (likely := by_receiver(call, name, file)) and not _is_of_another_type(call, file):
            yield call, likely
        elif (name is None or _is_inherited(name, file)) and is_awaited_beside(call, file):
            yield call, file.source(call.func)


def gives_coroutine(name: str, call: ast.Call, file: SourceFile) -> bool:
    """Whether this call, of a function with this qualified name, gives a coroutine."""
    if coroutines.is_known_coroutine(name):
        found = True
    elif own := _own_functions(file).get(name):
        found = all(_is_coroutine_function(function, name, call, file) for function in own)
    elif file.project is None or not file.project.is_async(name):
        found = False
    else:
        found = _stays_one(file.project.functions[name].decorators, name, call, file)
    return found and not _is_one_of_two(call, file) and not _is_of_another_type(call, file)


def _is_inherited(name: str, file: SourceFile) -> bool:
    """Whether a method of a class of the file is defined in none that is known."""
    if name.rpartition(".")[0] not in file.defined.classes or name in _own_functions(file):
        return False
    return file.project is None or name not in file.project.functions


def _own_functions(file: SourceFile) -> dict[str, list[FunctionNode]]:
    def collect() -> dict[str, list[FunctionNode]]:
        found: dict[str, list[FunctionNode]] = {}
        for function in file.functions:
            found.setdefault(file.defined.name_of(function), []).append(function)
        return found

    return file.memo("async_patterns.functions", collect)


def _is_coroutine_function(
    function: FunctionNode, name: str, call: ast.Call, file: SourceFile
) -> bool:
    if not isinstance(function, ast.AsyncFunctionDef) or is_generator(function, file):
        return False
    if function.decorator_list and file.imports("twisted"):
        return False  # What caches or wraps there gives a Deferred.
    project = file.project.functions.get(name) if file.project is not None else None
    if project is not None and len(project.decorators) == len(function.decorator_list):
        return _stays_one(project.decorators, name, call, file)
    return _stays_one(list(map(_decorator_name, function.decorator_list)), name, call, file)


def _stays_one(decorators: Sequence[str], name: str, call: ast.Call, file: SourceFile) -> bool:
    """Whether an `async def` is still a coroutine function below these decorators."""
    if all(map(_keeps, decorators)) or _is_awaited_too(name, call, file):
        return True
    if file.project is None or not file.runs_on_event_loop(call):
        return False
    return _keeping(file.project).issuperset(decorators)


def is_generator(function: FunctionNode, file: SourceFile) -> bool:
    """Whether the function itself yields."""
    if promises_items(function):
        return True
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in file.body(function))


def _decorator_name(decorator: ast.expr) -> str:
    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def _keeps(decorator: str) -> bool:
    return decorator.rsplit(".", 1)[-1] in _KEEPS_ASYNC


@lru_cache(maxsize=2)
def _keeping(project: Project) -> frozenset[str]:
    """The decorators of the project below which several `async def`s are awaited."""
    awaited: Counter[str] = Counter()
    for function in project.functions.values():
        if not (function.is_async and function.decorators) or function.is_generator:
            continue
        if is_awaited_elsewhere(function.name, project):
            awaited.update(set(function.decorators))
    return frozenset(name for name, times in awaited.items() if name and times >= _SEVERAL)


def _is_one_of_two(call: ast.Call, file: SourceFile) -> bool:
    """Whether the called name may also be another function, which a condition chose."""
    if not isinstance(call.func, ast.Name):
        return False
    return any(isinstance(value, ast.IfExp) for value in file.values(call.func))


def _is_of_another_type(call: ast.Call, file: SourceFile) -> bool:
    """Whether an `isinstance` around the call says what its receiver is: not what was annotated."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(receiver, ast.Name) or "isinstance" not in file.called_names:
        return False
    child: ast.AST = call
    for parent in file.ancestors(call):
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return False
        if (
            isinstance(parent, ast.If)
            and child in parent.body
            and f"isinstance({receiver.id}," in "".join(file.source(parent.test).split())
        ):
            return True
        child = parent
    return False


def _is_awaited_too(name: str, call: ast.Call, file: SourceFile) -> bool:
    """Whether the project awaits the same function elsewhere, whatever its decorators do.

    A name that ends in `_async` says as much. A decorator may make a function that is plain in
    synchronous code: only coroutines count.
    """
    if not file.runs_on_event_loop(call):
        return False
    if name.endswith("_async"):
        return True
    if file.project is not None and is_awaited_elsewhere(name, file.project):
        return True

    def awaited() -> frozenset[str | None]:
        calls = (node.value for node in file.of(ast.Await))
        return frozenset(
            file.qualified_name(call.func) for call in calls if isinstance(call, ast.Call)
        )

    return name in file.memo("async_patterns.awaited", awaited)


@lru_cache(maxsize=2)
def _last_names(project: Project) -> frozenset[str]:
    return frozenset(
        name.rsplit(".", 1)[-1]
        for name, function in project.functions.items()
        if function.is_async and not function.is_generator
    )


_TABLE = frozenset(
    {name.rsplit(".", 1)[-1] for name in coroutines.FUNCTIONS}
    | {method for methods in coroutines.METHODS.values() for method in methods}
    | coroutines.ENDINGS
)
