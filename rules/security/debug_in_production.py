"""SEC123."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.security.call_edits import without_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_BY_HAND = re.compile(
    r"^(main|run|serve|start|cli)$|(^|_)(dev|develop|development|local|debug|watch)(_|$)"
)
"""Functions that somebody calls at a terminal, by the name of a command."""
_APPS = {"fastapi.FastAPI", "starlette.applications.Starlette"}


@rule(
    "SEC123",
    on=ast.Call,
    calls=("FastAPI", "Starlette", "run"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:S201", "bandit:B201"),
)
def debug_in_production(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """The debug mode or the reloader is on for whoever runs this.

    With `debug=True` every error answers with the traceback, the source and the values around it;
    the reloader watches all files and runs the app twice. Take it from the settings.

    ```python
    from fastapi import FastAPI

    app = FastAPI(title="Markets", debug=True)  # finding
    ```

    ```python fixed
    from fastapi import FastAPI

    app = FastAPI(title="Markets")
    ```

    A reloader behind the main guard is for development, and a setting is a decision:

    ```python
    import uvicorn
    from fastapi import FastAPI

    from app.config import settings

    app = FastAPI(debug=settings.debug)

    if __name__ == "__main__":
        uvicorn.run("app.main:app", reload=True)
    ```
    """
    name = file.qualified_name(call.func)
    if name in _APPS:
        yield from _debug(call, "debug", file, "every error answers with its traceback and source")
    elif name == "uvicorn.run" and not _in_main_guard(call, file):
        yield from _debug(
            call, "reload", file, "the reloader watches all files and restarts the service"
        )
    elif name == "flask.Flask.run":
        yield from _debug(call, "debug", file, "every error opens a console that runs Python")


def _debug(call: ast.Call, word: str, file: SourceFile, why: str) -> Iterator[Problem]:
    value = file.argument(call, 99, word)
    if value is not None and file.literal(value) is True:
        yield Problem(
            call,
            f"`{word}=True` is on for whoever runs this: {why}. Take it from the settings.",
            fix=without_keyword(word),
        )


def _is_by_hand(function: FunctionNode) -> bool:
    """Whether the function, or the command that it is, says that it is for development."""
    commands = (
        str(argument.value)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
        for argument in decorator.args
        if isinstance(argument, ast.Constant)
    )
    return any(_BY_HAND.search(name) for name in (function.name, *commands))


def _in_main_guard(call: ast.Call, file: SourceFile) -> bool:
    function = file.enclosing_function(call)
    if function is not None and _is_by_hand(function):
        return True
    return any(
        isinstance(around, ast.If) and "__name__" in ast.unparse(around.test)
        for around in file.ancestors(call)
    )
