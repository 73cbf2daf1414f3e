"""FAS112."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_MAKERS = {"dict", "list", "set", "collections.defaultdict", "collections.OrderedDict"}
_CHANGES = {"append", "extend", "insert", "add", "update", "pop", "remove", "clear", "setdefault"}
_SAVES = re.compile(r"_*(save|persist|store|dump|flush)(_|$)")
_DELIBERATE = re.compile(
    r"(cache|memo|lock|connection|socket|client|registry|task|seen|metric|counter|stats|manager"
    r"|pool|limiter|rate|throttle|warned|subscri|listener|queue|clients|loaded|handler)",
    re.IGNORECASE,
)


@rule(
    "FAS112",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor:FASTT021",),
)
def global_mutable_state(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route keeps data in a variable of its module.

    Each worker process has its own copy, all of them are empty after a restart, and two requests
    can change it at once. Keep it in the database or in Redis.

    ```python
    from fastapi import FastAPI

    app = FastAPI()
    orders: dict[int, str] = {}


    @app.post("/orders/{number}")
    async def create(number: int, text: str) -> None:
        orders[number] = text  # finding
    ```

    A cache may be lost, a local variable is nobody else's, and a lock shows that one thought of it:

    ```python
    import asyncio

    from fastapi import FastAPI

    app = FastAPI()
    price_cache: dict[str, float] = {}
    runs: list[str] = []
    lock = asyncio.Lock()


    @app.get("/price")
    async def price(name: str) -> float:
        price_cache[name] = 1.0
        found = []
        found.append(name)
        return price_cache[name]


    @app.post("/runs")
    async def run(name: str) -> None:
        async with lock:
            runs.append(name)
    ```
    """
    if not file.routes:
        return
    state = _module_state(file)
    told: set[str] = set()
    for route in file.routes:
        if route.is_websocket or _is_locked(route.function, file) or _saves(route.function, file):
            continue
        for name, node in (
            *_changed(route.function, state, file),
            *_rebound(route.function, file),
        ):
            if name not in told:
                told.add(name)
                yield Problem(
                    node,
                    f"`{name}` is kept in this process only: each worker has its own, and a restart empties it."
                    " Keep it in the database or in Redis.",
                    confidence=Confidence.MEDIUM,
                )


def _saves(function: FunctionNode, file: SourceFile) -> bool:
    """Whether a function of the file keeps what the route changed: `_save_funds()`."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and _SAVES.match(node.func.id) is not None
        for node in file.body(function)
    )


def _module_state(file: SourceFile) -> set[str]:
    """Names of dicts, lists and sets that the module starts with."""
    found: set[str] = set()
    for statement in file.tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if _is_empty_container(value, file) and not _DELIBERATE.search(name):
                    found.add(name)
            case _:
                pass
    return found


def _is_empty_container(value: ast.expr, file: SourceFile) -> bool:
    if isinstance(value, (ast.Dict, ast.List)):
        return True
    return isinstance(value, ast.Call) and file.qualified_name(value.func) in _MAKERS


def _changed(
    function: FunctionNode, state: set[str], file: SourceFile
) -> Iterator[tuple[str, ast.AST]]:
    local = file.scopes.in_scope(function)
    for node in file.body(function):
        name = _changed_name(node)
        if name in state and name not in local:
            yield name, node


def _changed_name(node: ast.AST) -> str:
    match node:
        case (
            ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))])
            | ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name)))
            | ast.Delete(targets=[ast.Subscript(value=ast.Name(id=name))])
        ):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in _CHANGES:
            return name
        case _:
            return ""


def _rebound(function: FunctionNode, file: SourceFile) -> Iterator[tuple[str, ast.AST]]:
    """Module variables that a route declares `global` and sets to what a request brings."""
    names = {
        name
        for node in file.body(function)
        if isinstance(node, ast.Global)
        for name in node.names
        if not _DELIBERATE.search(name)
    }
    for node in file.body(function) if names else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
                if name in names and not _is_first_use(node, name, file):
                    yield name, node
            case _:
                pass


def _is_first_use(node: ast.Assign | ast.AugAssign, name: str, file: SourceFile) -> bool:
    """Whether the assignment only makes what is not there yet: `if model is None: model = ...`."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.Await):
        return node.value.value is None if isinstance(node.value, ast.Constant) else True
    return any(
        isinstance(parent, ast.If) and name in file.names_in(parent.test)
        for parent in file.ancestors(node)
    )


def _is_locked(function: FunctionNode, file: SourceFile) -> bool:
    return any(
        isinstance(node, (ast.With, ast.AsyncWith))
        and any("lock" in ast.unparse(item.context_expr).lower() for item in node.items)
        for node in file.body(function)
    )
