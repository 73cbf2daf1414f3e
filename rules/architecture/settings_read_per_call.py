"""ARC108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.architecture.layers import settings_classes
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_KEEPS = ("cache", "lru_cache", "cached_property", "alru_cache", "singleton")


@rule(
    "ARC108",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor:FASTT036",),
)
def settings_read_per_call(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Settings are built again for each request.

    Each time the environment and the `.env` file are read and checked. Build them once, in a
    function with `lru_cache`.

    ```python
    from fastapi import Depends, FastAPI
    from pydantic_settings import BaseSettings

    app = FastAPI()


    class Settings(BaseSettings):
        news_key: str


    def get_settings() -> Settings:
        return Settings()  # finding


    @app.get("/news")
    async def news(settings: Settings = Depends(get_settings)) -> str: ...
    ```

    Once for the program:

    ```python
    from functools import lru_cache

    from fastapi import Depends, FastAPI
    from pydantic_settings import BaseSettings

    app = FastAPI()


    class Settings(BaseSettings):
        news_key: str


    @lru_cache
    def get_settings() -> Settings:
        return Settings()


    @app.get("/news")
    async def news(settings: Settings = Depends(get_settings)) -> str: ...
    ```
    """
    classes = settings_classes(file.project) if file.project is not None else ()
    for call in file.of(ast.Call) if classes else ():
        if not (call.args or call.keywords) and file.qualified_name(call.func) in classes:
            yield from _in_function(call, file)


def _in_function(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if not last[:1].isupper():
        return
    function = file.enclosing_function(call)
    if function is None or _is_kept(function) or _is_for_defaults(call, file):
        return
    route = file.route(function)
    if route is not None or file.is_dependency(function):
        who = f"of `{route.label()}`" if route else f"that depends on `{function.name}`"
        yield Problem(
            call,
            f"`{last}()` reads and checks the environment for each request {who}."
            " Build it once, in a function with `@lru_cache`.",
        )


def _is_for_defaults(call: ast.Call, file: SourceFile) -> bool:
    """`default_settings = Settings()`, to ask what a field is when nobody sets it."""
    statement = file.parent(call)
    return isinstance(statement, ast.Assign) and "default" in ast.unparse(statement.targets[0])


def _is_kept(function: FunctionNode) -> bool:
    return any(
        ast.unparse(decorator).split("(")[0].rpartition(".")[2] in _KEEPS
        for decorator in function.decorator_list
    ) or any(isinstance(node, ast.Global) for node in ast.walk(function))
