"""FAS110."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import Problem, Severity, rule
from rules.core.scopes import FUNCTIONS
from rules.core.web.routes import is_dependency_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_VALUES = {
    "str", "int", "float", "bool", "dict", "list", "tuple", "set", "bytes", "None",
    "collections.abc.Generator", "collections.abc.AsyncGenerator", "collections.abc.Iterator",
    "collections.abc.AsyncIterator", "typing.Generator", "typing.AsyncGenerator",
    "typing.Iterator", "typing.AsyncIterator", "sqlite3.Connection", "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncSession",
}  # fmt: skip
"""Types of results that nobody can call."""


@rule(
    "FAS110",
    on=ast.Call,
    calls=("Depends", "Security", "add_task"),
    severity=Severity.CRITICAL,
    peers=("fastapi-doctor:FASTT020",),
)
def depends_called(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A function is called where it should be handed over.

    `Depends(get_db())` runs once, when the module is loaded, and gives FastAPI the result, which
    it cannot call. `add_task(send())` sends before the answer and adds nothing.

    ```python
    from fastapi import BackgroundTasks, Depends, FastAPI

    app = FastAPI()


    async def get_user() -> str: ...


    async def send(address: str) -> None: ...


    @app.get("/me")
    async def me(tasks: BackgroundTasks, user: str = Depends(get_user())) -> str:  # finding
        tasks.add_task(send(user))  # finding
        return user
    ```

    ```python fixed
    from fastapi import BackgroundTasks, Depends, FastAPI

    app = FastAPI()


    async def get_user() -> str: ...


    async def send(address: str) -> None: ...


    @app.get("/me")
    async def me(tasks: BackgroundTasks, user: str = Depends(get_user)) -> str:
        tasks.add_task(send, user)
        return user
    ```

    Inside of a handler nobody resolves the marker:

    ```python
    from fastapi import Depends, FastAPI

    app = FastAPI()


    def get_user() -> str: ...


    @app.get("/me")
    async def me() -> str:
        user = Depends(get_user)  # finding
        return user
    ```

    A function that makes dependencies is meant to be called:

    ```python
    from fastapi import Depends, FastAPI

    app = FastAPI()


    def needs(role: str):
        def check() -> str:
            return role

        return check


    class Pages:
        def __init__(self, size: int) -> None:
            self.size = size

        def __call__(self, page: int = 0) -> int:
            return page * self.size


    @app.get("/users", dependencies=[Depends(needs("admin"))])
    async def users(start: int = Depends(Pages(20))) -> int:
        return start
    ```
    """
    if not call.args and not call.keywords:
        return
    if is_dependency_marker(file, call):
        yield from _in_depends(call, file)
        yield from _in_body(call, file)
    elif isinstance(call.func, ast.Attribute) and _is_tasks(call.func, file):
        yield from _in_add_task(call, file)


def _in_depends(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    given = file.argument(call, 0, "dependency")
    if isinstance(given, ast.Call) and _gives_no_callable(given, file):
        name = ast.unparse(given.func)
        yield Problem(
            call,
            f"`{name}` is called once while the module loads, and its result is no dependency."
            f" Hand the function over: `Depends({name})`.",
            fix=fixes.expression(f"{ast.unparse(call.func)}({name})")
            if not given.args and not given.keywords and len(call.args) + len(call.keywords) == 1
            else None,
        )


def _in_body(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """`user = Depends(get_user)` in a handler or dependency, used there as if it were resolved."""
    statement = file.parent(call)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return
    function = file.parent(statement)
    if not isinstance(function, FUNCTIONS):
        return
    if (file.route(function) or file.is_dependency(function)) and not _has_inner(function, file):
        yield Problem(
            call,
            f"Nobody resolves `Depends` inside of `{function.name}`: `{statement.targets[0].id}` is the marker"
            " object. Take it as a parameter of the function.",
        )


def _has_inner(function: FunctionNode, file: SourceFile) -> bool:
    return any(isinstance(node, FUNCTIONS) for node in file.body(function))


def _in_add_task(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    given = file.argument(call, 0, "func")
    if not isinstance(given, ast.Call) or not _gives_no_callable(given, file):
        return
    name = ast.unparse(given.func)
    parts = [name, *map(ast.unparse, [*given.args]), *map(_keyword, given.keywords)]
    rest = [*map(ast.unparse, call.args[1:]), *map(_keyword, call.keywords)]
    yield Problem(
        call,
        f"`{name}` is called here, before the answer, and its result cannot be called later."
        f" Hand over the function and its arguments: `{ast.unparse(call.func)}({name}, ...)`.",
        fix=fixes.expression(f"{ast.unparse(call.func)}({', '.join(parts)})") if not rest else None,
    )


def _keyword(item: ast.keyword) -> str:
    value = ast.unparse(item.value)
    return f"{item.arg}={value}" if item.arg else f"**{value}"


def _is_tasks(function: ast.Attribute, file: SourceFile) -> bool:
    name = file.qualified_name(function) or ""
    if name == "fastapi.BackgroundTasks.add_task":
        return True
    return "task" in ast.unparse(function.value).lower() and file.imports("fastapi", "starlette")


def _gives_no_callable(given: ast.Call, file: SourceFile) -> bool:
    """Whether the result is surely a value: of a coroutine, a generator, or by its type."""
    name = file.qualified_name(given.func)
    if name is None or file.project is None:
        return False
    local = file.defined.functions.get(name)
    if local is not None:
        return _is_value_function(local, file)
    known = file.project.functions.get(name)
    if known is None:
        return False
    return known.is_async or known.is_generator or known.returns in _VALUES


def _is_value_function(function: FunctionNode, file: SourceFile) -> bool:
    if isinstance(function, ast.AsyncFunctionDef):
        return True
    if file.annotation(function.returns) in _VALUES:
        return True
    if isinstance(function.returns, ast.Constant) and function.returns.value is None:
        return True
    found = [node for node in file.body(function) if isinstance(node, (ast.Return, ast.Yield))]
    if any(isinstance(node, ast.Yield) for node in found):
        return not function.decorator_list
    real = [node for node in found if isinstance(node, ast.Return) and node.value is not None]
    if function.returns is None and not function.decorator_list:
        kinds = (ast.Dict, ast.List, ast.Constant, ast.JoinedStr, ast.Tuple)
        return (
            bool(found or function.body)
            and all(isinstance(n.value, kinds) for n in real)
            and not _is_stub(function)
        )
    return False


def _is_stub(function: FunctionNode) -> bool:
    return len(function.body) == 1 and isinstance(function.body[0], (ast.Expr, ast.Pass, ast.Raise))
