"""FAS121."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.blocking import blocking_effect
from rules.tables.effects import FREEZING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile


@rule("FAS121", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def blocking_dependency(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """An `async def` dependency blocks, and every request that needs it pays for it.

    While it waits, the event loop serves nobody, also not the routes that do not ask for it. Make
    it a plain `def`, which FastAPI runs in a thread, or await the asynchronous counterpart.

    ```python
    import requests
    from fastapi import Depends, FastAPI

    app = FastAPI()


    async def current_user(token: str) -> str:
        return requests.get(f"https://example.com/{token}", timeout=5).text  # finding


    @app.get("/me")
    async def me(user: str = Depends(current_user)) -> str:
        return user
    ```

    A plain function runs in a thread:

    ```python
    import requests
    from fastapi import Depends, FastAPI

    app = FastAPI()


    def current_user(token: str) -> str:
        return requests.get(f"https://example.com/{token}", timeout=5).text


    @app.get("/me")
    async def me(user: str = Depends(current_user)) -> str:
        return user
    ```
    """
    if not file.imports("fastapi"):
        return
    for function in file.of(ast.AsyncFunctionDef):
        if file.is_dependency(function):
            yield from _problems(function, file)


def _problems(function: ast.AsyncFunctionDef, file: SourceFile) -> Iterator[Problem]:
    for call, name in _blocking(function, file):
        yield Problem(
            call,
            f"`{name}` blocks the event loop in the dependency `{function.name}`, for every request that needs it."
            " Make the dependency a plain `def`, or await the asynchronous call.",
        )
        return


def _blocking(function: FunctionNode, file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    for node in file.body(function):
        if not isinstance(node, ast.Call) or file.is_awaited(node) or file.handed_to_thread(node):
            continue
        name = file.qualified_name(node.func)
        effect = blocking_effect(name) if name is not None else None
        if effect is not None and effect.kind in FREEZING and name is not None:
            yield node, name
