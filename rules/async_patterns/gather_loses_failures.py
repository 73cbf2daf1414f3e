"""ASY109."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LOOPS = re.compile(r"(_task|_loop|worker|poll|monitor|consum|listen|watch|serve|forever|daemon)")
_DELIVERIES = re.compile(
    r"\b_?(send|notify|publish|broadcast|save|revoke|delete|close|stop|shutdown|disconnect|cancel"
    r"|callback|handler|aclose|dispatch|emit|flush)"
)
_CLEANUPS = re.compile(r"_?(close|aclose|stop|shutdown|disconnect|teardown)(_|$)")


@rule(
    "ASY109",
    on=ast.Call,
    calls=("gather",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def gather_loses_failures(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """The first failure in `asyncio.gather` is raised at once, the other work goes on unseen.

    Independent pieces of work whose results nobody uses - loops, deliveries, writes - then run
    on with nobody waiting, and their own failures are lost. Look at every result with
    `return_exceptions=True`, or use a `TaskGroup`, which stops the others and raises everything.

    ```python
    import asyncio


    async def poll_prices() -> None: ...
    async def poll_news() -> None: ...


    async def serve() -> None:
        await asyncio.gather(poll_prices(), poll_news())  # finding
    ```

    Deliveries and clean-up, of which each must have its chance:

    ```python
    import asyncio


    class Hub:
        async def close(self) -> None:
            await asyncio.gather(*(c.close() for c in self.clients))  # finding: suggestion
    ```

    Results that are used together fail together, on purpose:

    ```python
    import asyncio


    async def price(token: str) -> str: ...


    async def spread() -> tuple[str, str]:
        bid, ask = await asyncio.gather(price("bid"), price("ask"))
        return bid, ask
    ```

    Failures that are collected, or a group that stops the others:

    ```python
    import asyncio


    async def poll_prices() -> None: ...
    async def poll_news() -> None: ...


    async def serve() -> None:
        await asyncio.gather(poll_prices(), poll_news(), return_exceptions=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(poll_prices())
            group.create_task(poll_news())
    ```
    """
    if file.qualified_name(call.func) != "asyncio.gather" or not call.args:
        return
    if any(keyword.arg in {"return_exceptions", None} for keyword in call.keywords):
        return
    awaited = file.parent(call)
    if not isinstance(awaited, ast.Await) or not isinstance(file.parent(awaited), ast.Expr):
        return
    if (len(call.args) == 1 and not isinstance(call.args[0], ast.Starred)) or not _is_independent(
        call, file
    ):
        return
    yield Problem(
        call,
        "When one of these fails, `gather` raises at once and leaves the others running with nobody"
        " waiting. Use a `TaskGroup`, or `return_exceptions=True` and look at each result.",
        severity=Severity.SUGGESTION if _is_cleanup(call, file) else None,
        confidence=Confidence.MEDIUM,
    )


def _is_independent(call: ast.Call, file: SourceFile) -> bool:
    """Whether the names say that each piece stands for itself: loops, deliveries, clean-up."""
    listed = [each for arg in call.args for each in _listed(arg, file)]
    loops = [arg for arg in listed if _LOOPS.search(file.source(arg))]
    if len(loops) > 1:
        return True
    given = [*call.args, *(each for each in listed if each not in call.args)]
    made = [each for arg in given if (each := _made(arg, file)) is not None]
    if any(_handles_itself(each, file) for each in made):
        return False
    if _is_cleanup(call, file):
        return True
    return any(_DELIVERIES.search(file.source(each.func)) for each in made)


def _listed(argument: ast.expr, file: SourceFile) -> list[ast.expr]:
    """The argument itself, or the elements of the list that it unpacks."""
    if not isinstance(argument, ast.Starred):
        return [argument]
    inner = argument.value
    value = file.value(inner) if isinstance(inner, ast.Name) else inner
    return list(value.elts) if isinstance(value, (ast.List, ast.Tuple)) else []


def _is_cleanup(call: ast.Call, file: SourceFile) -> bool:
    """Whether the pieces end something: mostly they catch what goes wrong by themselves."""
    function = file.enclosing_function(call)
    return function is not None and _CLEANUPS.match(function.name) is not None


def _handles_itself(call: ast.Call, file: SourceFile) -> bool:
    """Whether a function of this file catches what goes wrong in it."""
    function = file.defined.functions.get(file.qualified_name(call.func) or "")
    return function is not None and any(isinstance(item, ast.Try) for item in function.body)


def _made(argument: ast.expr, file: SourceFile) -> ast.Call | None:
    """The call that makes one piece of work, also one that a list or a task holds."""
    inner = argument.value if isinstance(argument, ast.Starred) else argument
    if isinstance(inner, ast.Name):
        inner = file.value(inner)
    if isinstance(inner, (ast.ListComp, ast.GeneratorExp)):
        inner = inner.elt
    match inner:
        case ast.Call(func=ast.Attribute(attr="create_task"), args=[ast.Call() as work, *_]):
            return work
        case ast.Call():
            return inner
        case _:
            return None
