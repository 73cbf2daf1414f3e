"""RES107."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.resource_management.uses import CLOSERS
from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_MANAGERS = {"contextlib.contextmanager", "contextlib.asynccontextmanager"}


@rule(
    "RES107",
    on=(ast.Yield, ast.FunctionDef, ast.AsyncFunctionDef),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION),
)
def session_returned_not_yielded(
    node: FunctionNode | ast.Yield, file: SourceFile
) -> Iterator[Problem]:
    """A dependency that returns a session, or closes it only when all goes well, leaks it.

    FastAPI closes nothing that a dependency returns. And what stands after a plain `yield` does
    not run when the request fails: the exception is raised at the `yield`. Both leave the
    connection checked out of the pool until the pool is empty. Yield inside `with` or `try`.

    ```python
    from fastapi import Depends, FastAPI
    from sqlalchemy.orm import Session, sessionmaker

    app = FastAPI()
    SessionLocal = sessionmaker()


    def get_db():
        return SessionLocal()  # finding


    @app.get("/markets")
    def markets(db: Session = Depends(get_db)) -> list[str]:
        return []
    ```

    ```python fixed
    from fastapi import Depends, FastAPI
    from sqlalchemy.orm import Session, sessionmaker

    app = FastAPI()
    SessionLocal = sessionmaker()


    def get_db():
        with SessionLocal() as session:
            yield session


    @app.get("/markets")
    def markets(db: Session = Depends(get_db)) -> list[str]:
        return []
    ```

    Closed after the `yield`, but not when the request fails:

    ```python
    from contextlib import contextmanager

    from sqlalchemy.orm import sessionmaker

    SessionLocal = sessionmaker()


    @contextmanager
    def session_scope():
        session = SessionLocal()
        yield session  # finding
        session.close()
    ```

    Closed on every path, or handed to a caller who closes it:

    ```python
    from contextlib import contextmanager

    from fastapi import Depends, FastAPI
    from sqlalchemy.orm import Session, sessionmaker

    app = FastAPI()
    SessionLocal = sessionmaker()


    def get_db():
        with SessionLocal() as session:
            yield session


    @contextmanager
    def session_scope():
        session = SessionLocal()
        try:
            yield session
        finally:
            session.close()


    def make_session() -> Session:
        return SessionLocal()


    @app.get("/markets")
    def markets(db: Session = Depends(get_db)) -> list[str]:
        return []
    ```
    """
    if isinstance(node, ast.Yield):
        function = file.enclosing_function(node)
        if function is not None and _is_managed(function, file):
            yield from _never_closed(node, function, file) or _unprotected(node, function, file)
    elif file.is_dependency(node):
        yield from _returned(node, file)


def _is_managed(function: FunctionNode, file: SourceFile) -> bool:
    """Whether what stands after the `yield` is clean-up: a dependency or a context manager.

    Nothing is raised into the `yield` of a lifespan: requests fail elsewhere.
    """
    if "lifespan" in function.name or _is_given_app(function, file):
        return False
    if any(file.qualified_name(item) in _MANAGERS for item in function.decorator_list):
        return True
    return file.is_dependency(function)


def _is_given_app(function: FunctionNode, file: SourceFile) -> bool:
    """Whether the function runs around the whole application, as its parameter says."""
    names = {"fastapi.FastAPI", "starlette.applications.Starlette"}
    return any(file.annotation(argument.annotation) in names for argument in function.args.args)


def _returned(function: FunctionNode, file: SourceFile) -> Iterator[Problem]:
    for node in file.body(function):
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        opened = _opened(node.value, file)
        if opened is not None:
            noun = CONNECT[file.qualified_name(opened.func) or ""].noun
            yield Problem(
                node,
                f"The dependency `{function.name}` returns a {noun} that nobody closes after the"
                " request. Yield it inside a `with` block.",
                fix=_yield_inside(function, node, opened, file),
            )


def _opened(value: ast.expr, file: SourceFile) -> ast.Call | None:
    """The call that opens what is returned, also through a local name."""
    if isinstance(value, ast.Name):
        found = file.value(value)
        return _opened(found, file) if found is not None and found is not value else None
    inner = value.value if isinstance(value, ast.Await) else value
    if isinstance(inner, ast.Call) and file.qualified_name(inner.func) in CONNECT:
        return inner
    return None


def _yield_inside(
    function: FunctionNode, node: ast.Return, opened: ast.Call, file: SourceFile
) -> Fix | None:
    """Only where the `return` is the function and no annotation promises a plain session."""
    driver = CONNECT[file.qualified_name(opened.func) or ""]
    if function.body[-1] is not node or node.value is not opened or function.returns is not None:
        return None
    if not driver.with_closes or "\n" in file.source(opened):
        return None
    word = "async with" if driver.is_async else "with"
    if driver.is_async and not isinstance(function, ast.AsyncFunctionDef):
        return None
    text = f"{word} {file.source(opened)} as session:\n    yield session\n"

    def fix(_: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        return cst.parse_statement(text)

    return fix


def _never_closed(node: ast.Yield, function: FunctionNode, file: SourceFile) -> list[Problem]:
    """A session that the function opens and yields, of which it never closes anything."""
    if not isinstance(node.value, ast.Name) or (opened := _opened(node.value, file)) is None:
        return []
    if file.enclosing_function(opened) is not function:
        return []
    holder = node.value.id
    for use in file.within(function):
        match use:
            case ast.Name(id=name) if name == holder and isinstance(use.ctx, ast.Load):
                parent = file.parent(use)
                works = isinstance(parent, ast.Attribute) and parent.attr not in CLOSERS
                if parent is not node and not works:
                    return []
            case _:
                pass
    noun = CONNECT[file.qualified_name(opened.func) or ""].noun
    message = (
        f"The {noun} that `{function.name}` yields in `{holder}` is never closed: each request keeps"
        " a connection. Yield it inside a `with` block, or close it in a `finally`."
    )
    return [Problem(node, message)]


def _unprotected(node: ast.Yield, function: FunctionNode, file: SourceFile) -> Iterator[Problem]:
    yields = [inner for inner in file.body(function) if isinstance(inner, ast.Yield)]
    closed = _closed_after(node, function, file)
    if len(yields) > 1 or closed is None or _is_protected(node, function, file):
        return
    yield Problem(
        node,
        f"`{file.source(closed)}()` does not run when the code that uses `{function.name}` raises:"
        " the exception comes out of this `yield`. Put the close into a `finally`.",
    )


def _closed_after(
    node: ast.Yield, function: FunctionNode, file: SourceFile
) -> ast.Attribute | None:
    """The close of something after the `yield`, outside of any `finally`."""
    for call in file.body(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            is_later = call.lineno > node.lineno and call.func.attr in CLOSERS - {"join", "wait"}
            if (
                is_later
                and isinstance(call.func.value, ast.Name)
                and _is_plain(call, function, file)
            ):
                return call.func
    return None


def _is_plain(call: ast.Call, function: FunctionNode, file: SourceFile) -> bool:
    """Whether the call is neither in a `finally` nor in an `except`."""
    child: ast.AST = call
    for parent in file.ancestors(call):
        if parent is function:
            return True
        if isinstance(parent, ast.ExceptHandler):
            return False
        if isinstance(parent, ast.Try) and child in parent.finalbody:
            return False
        child = parent
    return True


def _is_protected(node: ast.Yield, function: FunctionNode, file: SourceFile) -> bool:
    """Whether the `yield` stands in a `try` with a `finally`, or one that catches everything."""
    for parent in file.ancestors(node):
        if parent is function:
            return False
        if isinstance(parent, ast.Try) and (parent.finalbody or _catches_all(parent)):
            return True
    return False


def _catches_all(block: ast.Try) -> bool:
    return any(
        handler.type is None or getattr(handler.type, "id", "") == "BaseException"
        for handler in block.handlers
    )
