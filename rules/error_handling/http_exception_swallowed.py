"""ERR107."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, Step, rule
from rules.error_handling.handlers import BROAD, caught, is_broad, last_name, run_by
from rules.error_handling.http_exceptions import HTTP_EXCEPTIONS, is_http_exception, status_of
from rules.error_handling.quiet import is_explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule("ERR107", on=ast.Try, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def http_exception_swallowed(node: ast.Try, file: SourceFile) -> Iterator[Problem]:
    """An `except Exception` around `raise HTTPException` turns the answer into another one.

    The 404 that the code raises on purpose is caught a few lines below and reaches the client as
    a 500, or as a success. `except HTTPException: raise` before the broad handler lets it pass.

    ```python
    from fastapi import HTTPException


    async def market(store, market_id: str):
        try:
            found = await store.get(market_id)
            if found is None:
                raise HTTPException(status_code=404, detail="No such market")
            return found
        except Exception as error:  # finding
            raise HTTPException(status_code=500, detail="Could not load") from error
    ```

    Let through by a handler before it, or raised again:

    ```python
    from fastapi import HTTPException


    async def market(store, market_id: str):
        try:
            found = await store.get(market_id)
            if found is None:
                raise HTTPException(status_code=404, detail="No such market")
            return found
        except HTTPException:
            raise
        except Exception as error:
            raise HTTPException(status_code=500, detail="Could not load") from error


    async def logged(store, log, market_id: str):
        try:
            if market_id not in store:
                raise HTTPException(status_code=404, detail="No such market")
        except Exception:
            log.exception("failed")
            raise
    ```
    """
    if not file.imports("fastapi", "starlette"):
        return
    raised = _raised(node, file)
    if not raised:
        yield from _through_helper(node, file)
        return
    for handler in node.handlers:
        if HTTP_EXCEPTIONS & set(caught(handler, file)):
            return
        if is_broad(handler, file):
            changed = _changed(raised, handler, file)
            if changed is not None and not _lets_through(handler, file):
                status = status_of(changed, file)
                yield Problem(
                    handler,
                    f"This also catches the `HTTPException`{f' {status}' if status else ''} raised"
                    f" at line {changed.lineno}, so the client gets another answer."
                    " Put `except HTTPException: raise` before it.",
                )
            return


def _through_helper(node: ast.Try, file: SourceFile) -> Iterator[Problem]:
    """A called function of the project raises it: `get_or_404(...)`."""
    if any(HTTP_EXCEPTIONS & set(caught(handler, file)) for handler in node.handlers):
        return
    handler = next((item for item in node.handlers if is_broad(item, file)), None)
    refusing = _refusing_call(node, file) if handler is not None else None
    if handler is None or refusing is None or not _answers_anew(handler, file):
        return
    call, path, line = refusing
    callee = last_name(call.func)
    yield Problem(
        handler,
        f"This also catches the `HTTPException` that `{callee}` raises, so the client gets another answer."
        " Put `except HTTPException: raise` before it.",
        confidence=Confidence.MEDIUM,
        trace=(Step(path, line, f"`{callee}` raises an `HTTPException`"),),
    )


def _refusing_call(node: ast.Try, file: SourceFile) -> tuple[ast.Call, str, int] | None:
    project = file.project
    for part in run_by(node.body, file) if project is not None else ():
        if not isinstance(part, ast.Call) or _taken_inside(part, node, file):
            continue
        name = file.qualified_name(part.func) or ""
        known = project.functions.get(name) if project is not None else None
        effect = next((e for e in known.effects if e.kind == "refusal"), None) if known else None
        if project is not None and effect is not None:
            return part, project.path_of(name), effect.line
    return None


def _answers_anew(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the handler raises an `HTTPException` of its own, whatever it has caught."""
    if is_explained(handler, file) or _lets_through(handler, file):
        return False
    return any(
        isinstance(part, ast.Raise) and is_http_exception(part.exc, file)
        for part in run_by(handler.body, file)
    )


def _raised(node: ast.Try, file: SourceFile) -> list[ast.Call]:
    """The `HTTPException`s that this block raises and that no inner handler takes."""
    return [
        part.exc
        for part in run_by(node.body, file)
        if isinstance(part, ast.Raise)
        and isinstance(part.exc, ast.Call)
        and is_http_exception(part.exc, file)
        and not _taken_inside(part, node, file)
    ]


def _changed(
    raised: list[ast.Call], handler: ast.ExceptHandler, file: SourceFile
) -> ast.Call | None:
    """The first that the handler turns into another status; nothing where a comment says why."""
    if is_explained(handler, file):
        return None
    answers = {
        status_of(part.exc, file)
        for part in run_by(handler.body, file)
        if isinstance(part, ast.Raise)
        and isinstance(part.exc, ast.Call)
        and is_http_exception(part.exc, file)
    }
    return next(
        (call for call in raised if answers != {status_of(call, file)} or answers == {None}), None
    )


def _taken_inside(node: ast.AST, outer: ast.Try, file: SourceFile) -> bool:
    """Whether an inner `try` takes the exception before the outer one sees it."""
    child: ast.AST = node
    for parent in file.ancestors(node):
        if parent is outer:
            return False
        if isinstance(parent, ast.Try) and child in parent.body:
            names = {name for handler in parent.handlers for name in caught(handler, file)}
            if names & (HTTP_EXCEPTIONS | BROAD):
                return True
        child = parent
    return False


def _lets_through(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the handler raises the same exception again, or asks what it has caught."""
    for part in run_by(handler.body, file):
        match part:
            case ast.Raise(exc=None):
                return True
            case ast.Raise(exc=ast.Name(id=name)) if name == handler.name:
                return True
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]) if "HTTP" in file.source(
                kind
            ):
                return True
            case ast.Call(func=function) if last_name(function) in {"getattr", "hasattr"}:
                return True
            case ast.Attribute(value=ast.Name(id=name), attr="status_code") if name == handler.name:
                return True
            case _:
                continue
    return False
