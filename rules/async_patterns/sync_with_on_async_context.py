"""ASY108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.context_kinds import context_kind, iterator_kind
from rules.core.rule import Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

type Block = ast.With | ast.AsyncWith | ast.For | ast.AsyncFor | ast.comprehension


@rule(
    "ASY108",
    on=(ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.comprehension),
    severity=Severity.CRITICAL,
    peers=("sonar:S7515",),
)
def sync_with_on_async_context(block: Block, file: SourceFile) -> Iterator[Problem]:
    """`with` on an asynchronous context manager, `for` on an asynchronous iterator, or the reverse.

    The object has no `__enter__` (or `__aenter__`, `__iter__`, `__aiter__`), so the line raises
    as soon as it runs.

    ```python
    import aiohttp


    async def price(url: str) -> str:
        with aiohttp.ClientSession() as session:  # finding
            async with session.get(url) as response:
                return await response.text()
    ```

    ```python fixed
    import aiohttp


    async def price(url: str) -> str:
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as response:
                return await response.text()
    ```

    Locks, files, generators and context managers of one's own:

    ```python
    import asyncio
    from contextlib import asynccontextmanager

    lock = asyncio.Lock()


    @asynccontextmanager
    async def transaction():
        yield


    async def pages():
        yield 1


    async def work() -> None:
        with lock:  # finding
            pass
        with transaction():  # finding
            pass
        for page in pages():  # finding
            print(page)
        async with open("log.txt") as file:  # finding
            file.write("done")
    ```

    Each in its own kind of block:

    ```python
    import asyncio
    import threading

    lock = asyncio.Lock()
    other = threading.Lock()


    async def pages():
        yield 1


    async def work() -> None:
        async with lock:
            pass
        with other, open("log.txt") as file:
            file.write("done")
        async for page in pages():
            print(page)
    ```
    """
    is_async = isinstance(block, (ast.AsyncWith, ast.AsyncFor)) or bool(
        isinstance(block, ast.comprehension) and block.is_async
    )
    wanted = "async" if is_async else "sync"
    for expression, kind in _kinds(block, file):
        if kind is not None and kind != wanted:
            yield _problem(block, expression, kind, file)
            return


def _kinds(block: Block, file: SourceFile) -> Iterator[tuple[ast.expr, str | None]]:
    if isinstance(block, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield block.iter, iterator_kind(block.iter, file)
        return
    for item in block.items:
        yield item.context_expr, context_kind(item.context_expr, file)


def _problem(block: Block, expression: ast.expr, kind: str, file: SourceFile) -> Problem:
    word = "with" if isinstance(block, (ast.With, ast.AsyncWith)) else "for"
    right = f"async {word}" if kind == "async" else word
    wrong = word if kind == "async" else f"async {word}"
    text = file.source(expression).splitlines()[0]
    can = kind == "sync" or isinstance(file.enclosing_function(block), ast.AsyncFunctionDef)
    can = can and not isinstance(block, ast.comprehension)
    single = word == "for" or len(getattr(block, "items", [])) == 1
    return Problem(
        expression if isinstance(block, ast.comprehension) else block,
        f"`{wrong}` on `{text[:60]}` raises as soon as it runs: it is"
        f" {'asynchronous' if kind == 'async' else 'not asynchronous'}. Use `{right}`.",
        fix=_with_word(asynchronous=kind == "async") if can and single else None,
    )


def _with_word(*, asynchronous: bool) -> Fix:
    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, (cst.With, cst.For)):
            return None
        return node.with_changes(asynchronous=cst.Asynchronous() if asynchronous else None)

    return fix
