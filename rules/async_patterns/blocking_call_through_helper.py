"""ASY102."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.on_loop import runs_alone, serves_nobody_yet
from rules.core.programs import is_command_line, is_program
from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.tables.blocking import blocking_effect
from rules.tables.effects import effects_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_NEAR = 3
"""Longer paths are real, but too many of their calls are made on rare branches."""


@rule(
    "ASY102",
    on=(ast.AsyncFunctionDef, ast.FunctionDef),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor",),
    across=True,
)
def blocking_call_through_helper(function: FunctionNode, file: SourceFile) -> Iterator[Problem]:
    """A sync helper that blocks stops the event loop just as if its body stood in the caller.

    While it waits, this process serves no other request, and nothing at the `async def` shows it.
    Hand the helper to a thread (`await asyncio.to_thread(helper)`) or make it asynchronous all the
    way down. The path of calls is followed through functions, methods and modules.

    ```python
    import requests

    PRICE = "https://clob.polymarket.com/price"


    def fetch_price(token: str) -> float:
        answer = requests.get(PRICE, params={"token_id": token}, timeout=5)  # finding
        return answer.json()


    async def quote(token: str) -> float:
        return fetch_price(token)
    ```

    It is told once: at the blocking call where that is new, else at the new call that reaches it.

    Handed to a thread, it blocks nobody:

    ```python
    import asyncio

    import requests

    PRICE = "https://clob.polymarket.com/price"


    def fetch_price(token: str) -> float:
        answer = requests.get(PRICE, params={"token_id": token}, timeout=5)
        return answer.json()


    async def quote(token: str) -> float:
        return await asyncio.to_thread(fetch_price, token)
    ```
    """
    if file.project is None or not _can_block(function, file, file.project):
        return
    if serves_nobody_yet(function) or is_program(file):
        return
    if isinstance(function, ast.AsyncFunctionDef):
        for node in file.body(function):
            if isinstance(node, ast.Call) and not file.is_awaited(node):
                yield from _at_caller(node, file, file.project)
    else:
        yield from _at_cause(function, file, file.project)


def _can_block(function: FunctionNode, file: SourceFile, project: Project) -> bool:
    """Whether a plain function blocks by itself; what an `async def` calls is seen in its body."""
    if isinstance(function, ast.AsyncFunctionDef):
        return True
    known = project.functions.get(file.defined.name_of(function))
    return known is not None and any(effect.kind == "blocking" for effect in known.effects)


def _at_caller(call: ast.Call, file: SourceFile, project: Project) -> Iterator[Problem]:
    name = file.qualified_name(call.func)
    if (
        name is None
        or file.handed_to_thread(call)
        or not (steps := project.calls.reach(name, "blocking"))
    ):
        return
    if len(steps) > _NEAR or (len(steps) > 1 and not project.calls.is_certain(name, "blocking")):
        return
    effect = project.calls.effect(name, "blocking")
    callee = project.label(name)
    yield Problem(
        call,
        f"`{callee}` blocks the event loop: it reaches `{project.label(effect)}`{_where(steps)}."
        f" Run it with `await asyncio.to_thread({callee}, …)` or make it asynchronous.",
        severity=severity_of(effect),
        trace=steps,
    )


def _at_cause(function: FunctionNode, file: SourceFile, project: Project) -> Iterator[Problem]:
    """The blocking call itself, when async code elsewhere reaches the function around it."""
    name = file.defined.name_of(function)
    callers = [
        caller
        for caller in project.calls.async_callers(name, _NEAR - 1)
        if _counts(project, caller)
    ]
    if not callers:
        return
    call = next(_blocking_calls(function, file), None)
    if call is None:
        return
    effect = file.qualified_name(call.func) or ""
    others = f" and {len(callers) - 1} more" if len(callers) > 1 else ""
    caller = project.label(callers[0])
    yield Problem(
        call,
        f"`{project.label(effect)}` blocks the event loop of `async def {caller}`{others},"
        f" which reaches `{function.name}` without a thread in between."
        " Hand it to a thread there, or make it asynchronous.",
        severity=severity_of(effect),
        trace=(
            Step(
                project.path_of(callers[0]),
                project.functions[callers[0]].line,
                f"`async def {caller}` reaches `{function.name}`",
            ),
            Step(file.path, call.lineno, f"`{function.name}` calls `{project.label(effect)}`"),
        ),
    )


def _blocking_calls(function: FunctionNode, file: SourceFile) -> Iterator[ast.Call]:
    """The calls that block, in the order of the text: the first one stands for all."""
    for node in file.body(function):
        if isinstance(node, ast.Call) and not file.handed_to_thread(node):
            name = file.qualified_name(node.func)
            if name is not None and "blocking" in effects_of(name):
                yield node


def severity_of(effect: str) -> Severity:
    """By what the blocking call waits for."""
    found = blocking_effect(effect)
    return found.severity if found is not None else Severity.WARNING


def _counts(project: Project, caller: str) -> bool:
    from rules.core.source import kind_of

    path = project.path_of(caller)
    return (
        kind_of(path) is FileKind.CODE
        and not is_command_line(path)
        and not runs_alone(caller.rsplit(".", 1)[-1])
    )


def _where(steps: tuple[Step, ...]) -> str:
    if len(steps) == 1:
        return ""
    return f" in {len(steps)} steps"
