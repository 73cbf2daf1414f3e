"""ERR116."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import is_reporting_call, last_name, raises, run_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile


@rule(
    "ERR116",
    on=(ast.For, ast.While),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
)
def retry_hides_failure(node: ast.For | ast.While, file: SourceFile) -> Iterator[Problem]:
    """A retry loop that falls out of its end goes on as if the last attempt had worked.

    After the last failure nothing is raised and nothing returned that says so: the caller gets
    `None` or an empty list, or the next line runs without what was to be fetched. Raise the last
    error after the loop.

    ```python
    import asyncio


    async def fetch(client, url: str):
        for attempt in range(3):  # finding
            try:
                return await client.get(url)
            except OSError:
                await asyncio.sleep(2**attempt)
    ```

    An empty answer, or going on behind the loop, is the same:

    ```python
    import asyncio


    async def fetch(client, url: str) -> list[int]:
        for attempt in range(3):  # finding
            try:
                return await client.get(url)
            except OSError:
                await asyncio.sleep(2**attempt)
        return []


    async def save(client, row) -> None:
        for attempt in range(3):  # finding
            try:
                await client.post("/rows", row)
                break
            except OSError:
                await asyncio.sleep(2**attempt)
        row.saved = True
    ```

    The last failure is raised, told, or asked for:

    ```python
    import asyncio


    async def fetch(client, url: str) -> list[int]:
        for attempt in range(3):
            try:
                return await client.get(url)
            except OSError:
                if attempt == 2:
                    raise
                await asyncio.sleep(2**attempt)
        return []


    async def save(client, row) -> None:
        for attempt in range(3):
            try:
                await client.post("/rows", row)
                break
            except OSError:
                await asyncio.sleep(2**attempt)
        else:
            raise TimeoutError("not saved")


    async def maybe(client, url: str) -> list[int] | None:
        for attempt in range(3):
            try:
                return await client.get(url)
            except OSError:
                await asyncio.sleep(2**attempt)
        return None
    ```
    """
    if node.orelse or not _is_bounded(node):
        return
    function = file.enclosing_function(node)
    attempt = next((part for part in node.body if isinstance(part, ast.Try)), None)
    if function is None or attempt is None or not _waits_and_tries_again(attempt, file):
        return
    after = _after(node, function, file)
    if after is None:
        return
    result = _hidden(attempt, after, function, file)
    if result:
        yield Problem(
            node,
            f"When the last attempt fails too, `{function.name}` {result}, as if it had worked."
            " Raise the last error after the loop.",
        )


def _after(node: ast.stmt, function: FunctionNode, file: SourceFile) -> list[ast.stmt] | None:
    """What the function does after the loop; None when that depends on what is around it."""
    after: list[ast.stmt] = []
    current: ast.stmt = node
    while current not in function.body:
        block = file.parent(current)
        if not isinstance(block, (ast.With, ast.AsyncWith)):
            return None
        after += block.body[block.body.index(current) + 1 :]
        current = block
    return after + function.body[function.body.index(current) + 1 :]


def _is_bounded(node: ast.For | ast.While) -> bool:
    if isinstance(node, ast.For):
        return isinstance(node.iter, ast.Call) and last_name(node.iter.func) == "range"
    return isinstance(node.test, ast.Compare)


def _waits_and_tries_again(attempt: ast.Try, file: SourceFile) -> bool:
    """Whether each handler lets the loop go on, and one of them waits before it does."""
    waits = False
    for handler in attempt.handlers:
        parts = list(run_by(handler.body, file))
        if raises(handler.body, file) or isinstance(handler.body[-1], (ast.Return, ast.Break)):
            return False
        if any(isinstance(part, (ast.Return, ast.Break)) for part in parts):
            return False
        waits |= any(isinstance(p, ast.Call) and last_name(p.func) == "sleep" for p in parts)
    return waits


def _hidden(
    attempt: ast.Try, after: list[ast.stmt], function: FunctionNode, file: SourceFile
) -> str:
    """What happens after the last failure when nobody can tell it from a success; else nothing."""
    if any(is_reporting_call(part) for part in run_by(after, file)) or raises(after, file):
        return ""
    if _works_by_return(attempt, file):
        match after:
            case [] if not _may_be_none(function, file):
                return "returns `None`"
            case [ast.Return(value=value)] if value is not None and _looks_like_answer(value):
                return f"returns `{file.source(value)}`"
            case _:
                return ""
    breaks = any(isinstance(part, ast.Break) for part in attempt.body + attempt.orelse)
    if breaks and after and not _is_asked(attempt, after, file):
        return "goes on"
    return ""


def _may_be_none(function: FunctionNode, file: SourceFile) -> bool:
    """Whether the annotation of the result announces a `None`."""
    told = file.source(function.returns) if function.returns is not None else ""
    return "None" in told or "Optional" in told


def _works_by_return(attempt: ast.Try, file: SourceFile) -> bool:
    return any(isinstance(p, ast.Return) for p in run_by([*attempt.body, *attempt.orelse], file))


def _looks_like_answer(value: ast.expr) -> bool:
    """Whether a returned value is a valid answer and not a word for "failed"."""
    match value:
        case ast.List() | ast.Dict() | ast.Set() | ast.Tuple():
            return True
        case ast.Constant(value=constant):
            return constant is True or (constant in {0, ""} and constant is not False)
        case _:
            return False


def _is_asked(attempt: ast.Try, after: list[ast.stmt], file: SourceFile) -> bool:
    """Whether a condition after the loop looks at anything that an attempt assigns."""
    stored = {
        part.id
        for part in run_by([attempt], file)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    tests = [p.test for p in run_by(after, file) if isinstance(p, (ast.If, ast.IfExp, ast.Assert))]
    tests += [p.value for p in after if isinstance(p, ast.Return) and p.value is not None]
    return any(
        isinstance(name, ast.Name) and name.id in stored
        for test in tests
        for name in file.within(test)
    )
