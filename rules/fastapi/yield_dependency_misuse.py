"""FAS119."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_BROAD = {"Exception", "BaseException", "fastapi.HTTPException", "starlette.HTTPException"}


@rule("FAS119", on=ast.Yield, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def yield_dependency_misuse(node: ast.Yield, file: SourceFile) -> Iterator[Problem]:
    """A dependency swallows what went wrong in the handler that used it.

    FastAPI raises the handler's exception at the `yield`. A dependency that keeps it turns every
    failure, also a plain 404, into an error of the server that says nothing of its cause.

    ```python
    from fastapi import Depends, FastAPI

    app = FastAPI()


    async def get_session():
        session = open_session()
        try:
            yield session
        except Exception:  # finding
            await session.rollback()
        finally:
            await session.close()


    @app.get("/orders")
    async def orders(session=Depends(get_session)) -> str: ...
    ```

    An `HTTPException` after the `yield` and outside of an `except` comes too late, the answer is
    made already:

    ```python
    from fastapi import Depends, FastAPI, HTTPException

    app = FastAPI()


    async def get_session():
        session = open_session()
        yield session
        if session.failed:
            raise HTTPException(500)  # finding


    @app.get("/orders")
    async def orders(session=Depends(get_session)) -> str: ...
    ```

    Raised again, turned into another error, or only this one kind kept:

    ```python
    from fastapi import Depends, FastAPI, HTTPException

    app = FastAPI()


    async def get_session():
        session = open_session()
        try:
            yield session
        except KeyError:
            await session.rollback()
        except ValueError as error:
            raise HTTPException(422) from error
        except Exception:
            await session.rollback()
            raise


    @app.get("/orders")
    async def orders(session=Depends(get_session)) -> str: ...
    ```
    """
    function = file.enclosing_function(node)
    if function is None or not file.is_dependency(function):
        return
    for handler in _handlers(node, function, file):
        if _is_broad(handler, file) and not any(
            isinstance(n, ast.Raise) for n in ast.walk(handler)
        ):
            yield Problem(
                handler,
                f"`{function.name}` keeps every exception of the handlers that use it, so FastAPI answers with an"
                " error without its cause. End the `except` with `raise`.",
            )
    yield from _too_late(node, function, file)


def _handlers(
    node: ast.Yield, function: FunctionNode, file: SourceFile
) -> Iterator[ast.ExceptHandler]:
    """The handlers of every `try` in whose body the `yield` stands."""
    child: ast.AST = node
    for parent in file.ancestors(node):
        if parent is function:
            return
        if isinstance(parent, ast.Try) and child in parent.body:
            yield from parent.handlers
        child = parent


def _is_broad(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(file.qualified_name(each) in _BROAD for each in types)


def _too_late(node: ast.Yield, function: FunctionNode, file: SourceFile) -> Iterator[Problem]:
    for found in file.body(function):
        if not isinstance(found, ast.Raise) or not isinstance(found.exc, ast.Call):
            continue
        if (
            found.lineno <= node.lineno
            or _is_in_handler(found, file)
            or _is_beside(node, found, file)
        ):
            continue
        if (file.qualified_name(found.exc.func) or "").endswith(".HTTPException"):
            yield Problem(
                found,
                f"`{function.name}` raises this after its `yield`, when the answer is made already: the client never"
                " sees it. Check before the `yield` or in the handler.",
            )


def _is_in_handler(node: ast.AST, file: SourceFile) -> bool:
    for parent in file.ancestors(node):
        if isinstance(parent, ast.ExceptHandler):
            return True
        if isinstance(parent, FUNCTIONS):
            break
    return False


def _is_beside(node: ast.Yield, other: ast.AST, file: SourceFile) -> bool:
    """Whether the `yield` stands in a branch to which the other statement does not belong."""
    around = set(file.ancestors(other))
    child: ast.AST = node
    for parent in file.ancestors(node):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, (ast.If, ast.Match, ast.For, ast.While)):
            return True
        if isinstance(parent, ast.Try) and parent in around and child not in parent.body:
            return True
        child = parent
    return False
