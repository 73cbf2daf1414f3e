"""A plain `def` that waits for the network where nothing says from which code it is called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity
from rules.tables.blocking import blocking_effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SYNCHRONOUS = (
    "argparse", "click", "typer", "fire", "flask", "django", "celery", "streamlit", "threading",
    "concurrent.futures", "multiprocessing", "rq", "dramatiq", "gradio", "pytest", "unittest",
    "discord", "anyio", "trio",
)  # fmt: skip
_ASYNCHRONOUS = ("asyncio", "fastapi", "aiohttp", "starlette")


def blocking_in_plain_function(file: SourceFile) -> Iterator[Problem]:
    """Suggestions for module-level functions that wait for the network on an unknown thread.

    A text without a single import, or one that stands alone, is an excerpt, in which the reader
    expects an answer; in a module of a whole project the guess is of low confidence.
    """
    confidence = _confidence(file)
    if confidence is None:
        return
    for function in file.tree.body:
        if isinstance(function, ast.FunctionDef) and _may_run_anywhere(function, file):
            yield from _problems(function, confidence, file)


def _confidence(file: SourceFile) -> Confidence | None:
    if file.kind is not FileKind.CODE:
        return None
    if file.imports(*_SYNCHRONOUS) or _is_run_as_program(file):
        return None
    if not file.imported_modules or (file.project and len(file.project.modules) == 1):
        return Confidence.MEDIUM
    is_async = file.imports(*_ASYNCHRONOUS) and file.of(ast.AsyncFunctionDef)
    return Confidence.LOW if is_async else None


def _is_run_as_program(file: SourceFile) -> bool:
    return any(
        isinstance(statement, ast.If) and "__name__" in file.source(statement.test)
        for statement in file.tree.body
    )


def _may_run_anywhere(function: ast.FunctionDef, file: SourceFile) -> bool:
    """Whether nothing in the file uses the function, so that any thread may call it."""
    if function.decorator_list or function.name in {"main", "run"}:
        return False
    if file.project is not None and file.project.calls.to(file.defined.name_of(function)):
        return False
    return not any(name.id == function.name for name in file.of(ast.Name))


def _problems(
    function: ast.FunctionDef, confidence: Confidence, file: SourceFile
) -> Iterator[Problem]:
    for node in file.body(function):
        if not isinstance(node, ast.Call):
            continue
        effect = blocking_effect(file.qualified_name(node.func))
        if effect is not None and effect.kind == "network":
            yield Problem(
                node,
                f"`{file.source(node.func)}` blocks the thread that calls `{function.name}`; called"
                " from async code, that is the event loop. Make it `async def` with"
                f" {effect.instead}, or call it through `asyncio.to_thread`.",
                severity=Severity.SUGGESTION,
                confidence=confidence,
            )
            return
