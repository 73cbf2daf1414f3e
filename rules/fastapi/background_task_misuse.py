"""FAS111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.core.web.routes import is_dependency_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_SESSIONS = {
    "sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession", "sqlite3.Connection",
    "aiosqlite.Connection", "sqlalchemy.ext.asyncio.AsyncConnection", "sqlalchemy.Connection",
}  # fmt: skip


@rule(
    "FAS111",
    on=ast.Call,
    calls=("add_task",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("fastapi-doctor:FASTT034",),
)
def background_task_misuse(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A background task works with the database session of its request.

    The dependency that opened the session closes it when the request is over; depending on the
    version of FastAPI that is before the task runs, or the task keeps a connection of the pool
    for as long as it lasts. A task opens its own session.

    ```python
    from fastapi import BackgroundTasks, Depends, FastAPI
    from sqlalchemy.orm import Session

    app = FastAPI()


    def get_session(): ...


    def count(session: Session) -> None: ...


    @app.post("/orders")
    def order(tasks: BackgroundTasks, session: Session = Depends(get_session)) -> None:
        tasks.add_task(count, session)  # finding
    ```

    The task gets ids and opens what it needs:

    ```python
    from fastapi import BackgroundTasks, Depends, FastAPI
    from sqlalchemy.orm import Session

    app = FastAPI()


    def get_session(): ...


    def count(order_id: int) -> None: ...


    @app.post("/orders/{order_id}")
    def order(
        order_id: int, tasks: BackgroundTasks, session: Session = Depends(get_session)
    ) -> None:
        session.get(object, order_id)
        tasks.add_task(count, order_id)
    ```
    """
    function = file.enclosing_function(call)
    if function is None or not (file.route(function) or file.is_dependency(function)):
        return
    if file.qualified_name(call.func) != "fastapi.BackgroundTasks.add_task":
        return
    given = [*call.args[1:], *(item.value for item in call.keywords)]
    sessions = _sessions(function, file)
    for value in given:
        if isinstance(value, ast.Name) and value.id in sessions:
            yield Problem(
                call,
                f"`{value.id}` belongs to the request and is closed with it; this task runs after the answer."
                " Hand over ids and open a session in the task.",
            )


def _sessions(function: FunctionNode, file: SourceFile) -> set[str]:
    """The parameters that a dependency fills with a session or connection."""
    found: set[str] = set()
    for argument, default in parameters(function):
        annotation = argument.annotation
        asked = [default] if default is not None else []
        asked += list(ast.walk(annotation)) if isinstance(annotation, ast.Subscript) else []
        if isinstance(annotation, ast.Name):
            value = file.value(annotation)
            asked += list(ast.walk(value)) if isinstance(value, ast.Subscript) else []
        if any(is_dependency_marker(file, node) for node in asked) and (
            file.annotation(annotation) in _SESSIONS
        ):
            found.add(argument.arg)
    return found
