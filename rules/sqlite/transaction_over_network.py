"""SQL108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.core.sql.facts import is_committing_block
from rules.core.sql.queries import Query, calls_named, queries_in
from rules.sqlite.order import precedes
from rules.tables.http_clients import HTTP_REQUESTS, REQUEST_METHODS
from rules.tables.sql_calls import SESSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_NAMES = REQUEST_METHODS | {"urlopen"}


@rule(
    "SQL108",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
)
def transaction_over_network(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A network call between the first write and the commit holds the write lock while it waits.

    SQLite has one writer: for as long as the other side takes to answer, every other write of
    the service waits, and fails with "database is locked" after the busy timeout. Make the call
    before the first write, or commit before it.

    ```python
    import aiosqlite
    import httpx


    async def place(
        db: aiosqlite.Connection, http: httpx.AsyncClient, order_id: int
    ) -> None:
        await db.execute("UPDATE orders SET state = 'sending' WHERE id = ?", (order_id,))
        await http.post("https://clob.example/order", json={"id": order_id})  # finding
        await db.commit()
    ```

    A block that commits at its end:

    ```python
    import httpx
    from sqlalchemy import update
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import Order


    async def place(session: AsyncSession, http: httpx.AsyncClient) -> None:
        async with session.begin():
            await session.execute(update(Order).values(state="sending"))
            await http.post("https://clob.example/order")  # finding
    ```

    Called before the first write, or after the commit; and `session.add` writes only at the flush:

    ```python
    import aiosqlite
    import httpx
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import Order


    async def place(
        db: aiosqlite.Connection, http: httpx.AsyncClient, order_id: int
    ) -> None:
        answer = await http.post("https://clob.example/order", json={"id": order_id})
        await db.execute(
            "UPDATE orders SET state = ? WHERE id = ?", (answer.text, order_id)
        )
        await db.commit()
        await http.post("https://clob.example/notify")


    async def add(session: AsyncSession, http: httpx.AsyncClient, order: Order) -> None:
        session.add(order)
        await http.post("https://clob.example/notify")
        await session.commit()
    ```
    """
    seen: set[ast.AST] = set()
    for request in calls_named(file, _NAMES):
        name = file.qualified_name(request.func)
        function = file.enclosing_function(request)
        if name not in HTTP_REQUESTS or function is None or function in seen:
            continue
        write = _open_write(request, function, file)
        if write is not None:
            seen.add(function)
            yield _problem(request, write, file)


def _problem(request: ast.Call, write: ast.Call, file: SourceFile) -> Problem:
    return Problem(
        request,
        f"`{file.source(request.func)}` waits for the network inside a transaction that has already"
        " written: all other writers wait with it. Call it before the first write or after the commit.",
        trace=(
            Step(file.path, write.lineno, f"`{file.source(write.func)[:60]}` takes the write lock"),
            Step(file.path, request.lineno, "the request waits while it is held"),
        ),
    )


def _open_write(request: ast.Call, function: FunctionNode, file: SourceFile) -> ast.Call | None:
    """A write before the request with no commit in between, and a commit after it."""
    writes = [call for call in _locking(function, file) if precedes(call, request, file)]
    if not writes:
        return None
    ends = [
        call
        for call in calls_named(file, frozenset({"commit", "rollback"}))
        if file.enclosing_function(call) is function
    ]
    for write in writes:
        if any(precedes(write, end, file) and precedes(end, request, file) for end in ends):
            continue
        block = _block(write, file)
        inside = block is not None and any(parent is block for parent in file.ancestors(request))
        if block is not None and not inside:
            continue
        if inside or any(precedes(request, end, file) for end in ends):
            return write
    return None


def _locking(function: FunctionNode, file: SourceFile) -> Iterator[ast.Call]:
    for query in queries_in(file, function):
        if query.writes and _is_now(query):
            yield query.call
    for call in calls_named(file, frozenset({"flush"})):
        if file.enclosing_function(call) is function and _is_of_session(call, file):
            yield call


def _is_of_session(call: ast.Call, file: SourceFile) -> bool:
    owner = (file.qualified_name(call.func) or "").rpartition(".")[0]
    return owner in SESSIONS or "session" in file.source(call.func).lower()


def _is_now(query: Query) -> bool:
    """Whether the write reaches the database at once: what is added to a session waits."""
    return query.method not in {"add", "add_all", "merge", "delete"} and query.driver not in {
        "rest",
        "other",
    }


def _block(write: ast.Call, file: SourceFile) -> ast.AST | None:
    """The block around the write that commits at its end."""
    for parent in file.ancestors(write):
        if isinstance(parent, (ast.With, ast.AsyncWith)) and any(
            _begins(item, file) for item in parent.items
        ):
            return parent
    return None


def _begins(item: ast.withitem, file: SourceFile) -> bool:
    given = item.context_expr
    if isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute):
        return given.func.attr in {"begin", "begin_nested", "transaction"}
    return not isinstance(given, ast.Call) and is_committing_block(item, file)
