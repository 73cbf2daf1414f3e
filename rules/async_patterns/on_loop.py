"""Which code of a file runs on the event loop, and what of it makes the loop wait."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.core.scopes import COMPREHENSIONS
from rules.core.sql.queries import is_in_memory
from rules.tables.blocking import WITH_ADDRESS, Effect, blocking_effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_ENTRY_POINTS = {"main", "_main", "amain", "async_main", "main_async", "run_main", "cli", "cmd"}
_RESULT = "concurrent.futures.Future.result"
_START_UP = re.compile(r"_*(on_)?(lifespan|start_?up|shutdown)(_\w+)?$")


class BlockingCall(NamedTuple):
    """A call that makes the event loop wait, and the `async def` that makes it."""

    call: ast.Call
    effect: Effect
    function: ast.AsyncFunctionDef


def blocking_calls(file: SourceFile) -> list[BlockingCall]:
    """Every call of the file that blocks the event loop by itself, outer functions first."""
    return file.memo("async_patterns.blocking", lambda: list(_blocking_calls(file)))


def _blocking_calls(file: SourceFile) -> Iterator[BlockingCall]:
    if not file.of(ast.AsyncFunctionDef):
        return
    for call in file.of(ast.Call):
        function = None if file.is_awaited(call) else _on_loop_in(call, file)
        if function is None:
            continue
        name = file.qualified_name(call.func)
        effect = blocking_effect(name) or _with_address(call, name, file)
        if effect is None or _is_asynchronous_after_all(call, file):
            continue
        if effect.kind == "database" and is_in_memory(call, file):
            continue
        if "data_ur" in function.name:
            continue  # The address of a `data:` URL is its content.
        if effect.name != _RESULT or _is_awaited_here(call, function, file):
            yield BlockingCall(call, effect, function)


def _is_awaited_here(call: ast.Call, function: ast.AST, file: SourceFile) -> bool:
    """Whether the work of a future was started in this function: others are mostly done by now."""
    if file.literal(file.argument(call, 0, "timeout")) == 0:
        return False
    future = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    made: list[ast.expr] = [future]
    if isinstance(future, (ast.Name, ast.Attribute)):
        made = file.values(future)
    return any(isinstance(m, ast.Call) and file.enclosing_function(m) is function for m in made)


def _with_address(call: ast.Call, name: str | None, file: SourceFile) -> Effect | None:
    """The effect of a parser that fetches what it parses, when its argument looks like a URL."""
    effect = WITH_ADDRESS.get(name or "")
    if effect is None or not call.args:
        return None
    given = call.args[0]
    text = file.constant_text(given) or file.source(given)
    is_address = text.startswith("http") or "url" in text.lower() or "link" in text.lower()
    return replace(effect, name=name or "") if is_address else None


def _on_loop_in(call: ast.Call, file: SourceFile) -> ast.AsyncFunctionDef | None:
    """The `async def` that makes a call itself: comprehensions count, nested `def`s do not."""
    scope = file.scopes.of(call)
    while isinstance(scope, COMPREHENSIONS):
        scope = file.scopes.of(scope)
    return scope if isinstance(scope, ast.AsyncFunctionDef) else None


def _is_asynchronous_after_all(call: ast.Call, file: SourceFile) -> bool:
    """Whether the call says that it waits for nothing, or its use that the name is another's."""
    if file.literal(file.argument(call, 0, "block")) is False:
        return True
    parent = file.parent(call)
    if isinstance(parent, ast.withitem):
        return isinstance(file.parent(parent), ast.AsyncWith)
    return isinstance(parent, (ast.Await, ast.AsyncFor))


def serves_nobody_yet(function: ast.AST) -> bool:
    """Whether a function runs when there is nothing else on the loop: start, stop, command line."""
    return runs_alone(getattr(function, "name", "")) or any(
        _is_start_up(decorator) for decorator in getattr(function, "decorator_list", [])
    )


def runs_alone(name: str) -> bool:
    """Whether a function of this name starts or stops the program."""
    return is_entry_point(name) or _START_UP.match(name) is not None


def is_entry_point(name: str) -> bool:
    """Whether a function of this name is the program itself, beside whatever it starts."""
    return name in _ENTRY_POINTS


def _is_start_up(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
        return decorator.func.attr == "on_event"
    return False
