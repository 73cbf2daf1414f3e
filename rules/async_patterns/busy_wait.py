"""ASY114."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_OF_OTHERS = {"returncode", "pid"}
"""What another process decides: no code of this one could set an event."""
_SLEEPS = {"asyncio.sleep", "anyio.sleep", "trio.sleep"}


@rule(
    "ASY114",
    on=ast.While,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:ASYNC110",),
)
def busy_wait(loop: ast.While, file: SourceFile) -> Iterator[Problem]:
    """A loop that sleeps until a variable changes is late by half its interval, or burns time.

    Whoever changes the variable knows when it happens: let it set an `asyncio.Event`, and
    await that.

    ```python
    import asyncio


    class Feed:
        ready = False

        async def wait(self) -> None:
            while not self.ready:  # finding
                await asyncio.sleep(0.1)
    ```

    An event, a loop that works, or one that only time ends:

    ```python
    import asyncio
    import time


    class Feed:
        def __init__(self) -> None:
            self.ready = asyncio.Event()

        async def wait(self) -> None:
            await self.ready.wait()

        async def poll(self) -> None:
            while not self.ready.is_set():
                await self.fetch()
                await asyncio.sleep(5)

        async def pause(self, until: float) -> None:
            while time.monotonic() < until:
                await asyncio.sleep(1)

        async def fetch(self) -> None: ...
    ```
    """
    match loop.body:
        case [ast.Expr(value=ast.Await(value=ast.Call() as call))]:
            if not _sleeps(call, file) or not _is_state(loop.test, file):
                return
            yield Problem(
                loop,
                f"This loop asks again and again whether `{file.source(loop.test)[:60]}`."
                " Let whoever changes it set an `asyncio.Event`, and await that.",
            )
        case _:
            pass


def _sleeps(call: ast.Call, file: SourceFile) -> bool:
    """Whether the call sleeps for a while; a sleep of nothing only lets others run."""
    if file.qualified_name(call.func) not in _SLEEPS:
        return False
    return file.literal(file.argument(call, 0, "delay")) != 0


def _is_state(test: ast.expr, file: SourceFile) -> bool:
    """Whether the condition is about state that code of this process sets: nothing is asked."""
    for node in file.within(test):
        if isinstance(node, ast.Call) and not _only_looks(node, file):
            return False
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            return False
        if isinstance(node, ast.Attribute) and node.attr in _OF_OTHERS:
            return False
    return any(isinstance(node, (ast.Name, ast.Attribute)) for node in file.within(test))


def _only_looks(call: ast.Call, file: SourceFile) -> bool:
    match call.func:
        case ast.Attribute(value=owner, attr="is_set" | "empty" | "full" | "qsize" | "done"):
            return not (file.qualified_name(owner) or "").startswith(
                ("threading.", "multiprocessing.")
            )
        case ast.Name(id="len"):
            return True
        case _:
            return False
