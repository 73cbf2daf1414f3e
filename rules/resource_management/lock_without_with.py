"""RES109."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LOCKS = {
    "threading.Lock", "threading.RLock", "threading.Semaphore", "threading.BoundedSemaphore",
    "threading.Condition", "asyncio.Lock", "asyncio.Semaphore", "asyncio.BoundedSemaphore",
    "asyncio.Condition", "multiprocessing.Lock", "multiprocessing.RLock", "anyio.Lock",
}  # fmt: skip


@rule(
    "RES109",
    on=(ast.Call, ast.With, ast.AsyncWith),
    calls=("acquire",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("pylint:W2101", "pylint:R1732"),
)
def lock_without_with(
    node: ast.Call | ast.With | ast.AsyncWith, file: SourceFile
) -> Iterator[Problem]:
    """A lock that is released only when nothing goes wrong stays locked for ever when it does.

    An exception between `acquire()` and `release()` leaves everybody waiting. `with` (for
    asyncio, `async with`) releases on every path. And a lock made in the `with` line itself is
    a new one each time, which excludes nobody.

    ```python
    import asyncio
    import threading

    lock = threading.Lock()
    turn = asyncio.Lock()


    def add(items: list[int], item: int) -> None:
        lock.acquire()  # finding
        items.append(item)
        lock.release()


    async def fetch() -> None:
        await turn.acquire()  # finding
        await asyncio.sleep(1)
        turn.release()


    def subtract(items: list[int]) -> None:
        with threading.Lock():  # finding
            items.pop()
    ```

    Released on every path, or somewhere else on purpose:

    ```python
    import threading

    lock = threading.Lock()


    def add(items: list[int], item: int) -> None:
        with lock:
            items.append(item)


    def remove(items: list[int]) -> None:
        lock.acquire()
        try:
            items.pop()
        finally:
            lock.release()


    class Gate:
        def __enter__(self) -> None:
            lock.acquire()

        def __exit__(self, *exc: object) -> None:
            lock.release()
    ```
    """
    if isinstance(node, ast.Call):
        yield from _acquired(node, file)
        return
    for item in node.items:
        made = item.context_expr
        if isinstance(made, ast.Call) and file.qualified_name(made.func) in _LOCKS:
            yield Problem(
                node,
                f"`{file.source(made)}` in the `with` line is a new lock each time and excludes"
                " nobody. Make it once and share it.",
            )


def _acquired(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    if not isinstance(call.func, ast.Attribute) or not _is_statement(call, file):
        return
    lock = call.func.value
    function = file.enclosing_function(call)
    if function is None or file.qualified_name(lock) not in _LOCKS:
        return
    releases = _calls("release", file.source(lock), function, file)
    if _is_given_back_elsewhere(file.source(lock), file):
        return
    if all(_is_on_failure(release, file) for release in releases):
        return  # Where all goes well somebody else gives it back.
    if releases and not any(_is_certain(release, file) for release in releases):
        text = file.source(lock)
        word = "async with" if file.is_awaited(call) else "with"
        yield Problem(
            call,
            f"`{text}` stays locked when anything raises before line {releases[-1].lineno}."
            f" Use `{word} {text}:`.",
        )


def _is_given_back_elsewhere(lock: str, file: SourceFile) -> bool:
    """Whether a function releases what it did not acquire: what is protected outlives the call."""
    acquiring = {file.enclosing_function(c) for c in _calls("acquire", lock, file.tree, file)}
    return any(
        file.enclosing_function(call) not in acquiring
        for call in _calls("release", lock, file.tree, file)
    )


def _is_on_failure(release: ast.Call, file: SourceFile) -> bool:
    return any(isinstance(parent, ast.ExceptHandler) for parent in file.ancestors(release))


def _is_statement(call: ast.Call, file: SourceFile) -> bool:
    parent = file.parent(call)
    outer = file.parent(parent) if isinstance(parent, ast.Await) else parent
    return isinstance(outer, ast.Expr)


def _calls(method: str, lock: str, where: ast.AST, file: SourceFile) -> list[ast.Call]:
    return [
        node
        for node in file.within(where)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and file.source(node.func.value) == lock
    ]


def _is_certain(release: ast.Call, file: SourceFile) -> bool:
    child: ast.AST = release
    for parent in file.ancestors(release):
        if isinstance(parent, (ast.Try, ast.TryStar)) and child in parent.finalbody:
            return True
        child = parent
    return False
