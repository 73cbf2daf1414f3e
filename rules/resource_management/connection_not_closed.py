"""RES101."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rules.core.programs import is_program
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import FUNCTIONS
from rules.resource_management.openers import openings
from rules.resource_management.ownership import Fate, Owned, fate_of
from rules.resource_management.uses import uses_of
from rules.tables.sql_drivers import CONNECT, Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "RES101",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.MIGRATION),
)
def connection_not_closed(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A connection or session that is not closed on every path leaks.

    It keeps its file handle, its locks and its place in the pool until the garbage collector
    happens to find it: SQLite answers others with "database is locked", a pool runs empty.
    Never closed is critical; closed only when nothing goes wrong before is a warning. A `with`
    block closes most connections; for `sqlite3` it takes `contextlib.closing`.

    ```python
    conn = sqlite3.connect("db.sqlite")  # finding: critical
    cursor = conn.execute(query)
    ```

    An exception or an early return between the two leaves it open:

    ```python
    import sqlite3


    def titles(path: str) -> list[tuple[str]]:
        connection = sqlite3.connect(path)  # finding: warning
        rows = connection.execute("SELECT title FROM articles").fetchall()
        connection.close()
        return rows
    ```

    The same with engines, sessions and other drivers:

    ```python
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    engine = create_engine("sqlite:///news.db")
    SessionLocal = sessionmaker(bind=engine)


    def count() -> int:
        session = SessionLocal()  # finding: critical
        return session.execute("SELECT count(*) FROM articles").scalar()


    def version() -> str:
        return engine.connect().execute("SELECT sqlite_version()").scalar()  # finding
    ```

    Closed by a block, a `finally`, or an exit stack:

    ```python
    import sqlite3
    from contextlib import ExitStack, closing

    import aiosqlite


    async def rows(query: str) -> list[tuple[str]]:
        async with aiosqlite.connect("db.sqlite") as conn, conn.execute(query) as cursor:
            return await cursor.fetchall()


    def titles(path: str, stack: ExitStack) -> None:
        stack.enter_context(closing(sqlite3.connect(path)))
        connection = sqlite3.connect(path)
        try:
            connection.execute("VACUUM")
        finally:
            connection.close()
    ```

    Returned, stored in an object that closes it, or kept by the application:

    ```python
    import sqlite3

    from fastapi import FastAPI


    def connect(path: str) -> sqlite3.Connection:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        return connection


    class Store:
        def __init__(self, path: str) -> None:
            self.connection = sqlite3.connect(path)

        def close(self) -> None:
            self.connection.close()


    def start(app: FastAPI, path: str) -> None:
        app.state.db = sqlite3.connect(path)
    ```
    """
    mistakes = defaultdict[object, list[Problem]](list)
    for call, connect in openings(file):
        driver = CONNECT[connect]
        if _borrows(call, file):
            continue
        owned = fate_of(call, file, with_closes=driver.with_closes)
        problem = _problem(call, owned, driver, file)
        if problem is not None and is_program(file):
            problem = _in_script(problem)
        if problem is not None:
            mistakes[_mistake(call, connect, owned, problem, file)].append(problem)
    for first, *others in mistakes.values():
        yield _with_others(first, len(others))


def _mistake(
    call: ast.Call, connect: str, owned: Owned, problem: Problem, file: SourceFile
) -> object:
    """What makes problems one mistake: the helper that gives the connection, or the name it gets."""
    name = file.qualified_name(call.func) or ""
    if name != connect:
        return name, problem.severity
    if owned.fate is Fate.NEVER:
        return file.enclosing_function(call), owned.holder
    return call


def _with_others(problem: Problem, others: int) -> Problem:
    """The first problem of a mistake, which says how often that was made again."""
    if not others:
        return problem
    times = "once more" if others == 1 else f"{others} more times"
    return replace(problem, message=f"{problem.message} The same happens {times} in this file.")


def _borrows(call: ast.Call, file: SourceFile) -> bool:
    """A session on a connection that somebody else opened and will close."""
    bound = file.argument(call, 0, "bind")
    if bound is None:
        return False
    text = file.source(bound).lower()
    return "conn" in text or "get_bind" in text or text.endswith("bind")


def _problem(call: ast.Call, owned: Owned, driver: Driver, file: SourceFile) -> Problem | None:
    noun, holder = driver.noun, owned.holder
    if owned.fate is Fate.NEVER and not _is_for_the_program(call, holder, file):
        return Problem(
            call,
            f"The {noun} in `{holder}` is never closed: it keeps its handle and its locks. {_how(call, driver, file)}",
        )
    if owned.fate is Fate.DROPPED:
        return Problem(
            call,
            f"This {noun} is opened for one call and never closed. {_how(call, driver, file)}",
        )
    if owned.fate is Fate.SOMETIMES:
        return Problem(
            call,
            f"The {noun} in `{holder}` stays open when anything raises before line {owned.line}."
            f" {_how(call, driver, file)}",
            severity=Severity.WARNING,
        )
    if owned.fate is Fate.KEPT_OPEN:
        return Problem(
            call,
            f"No method of the class closes the {noun} in `{holder}`. Give it a `close` and call it.",
            severity=Severity.SUGGESTION,
            confidence=Confidence.LOW,
        )
    return None


def _in_script(problem: Problem) -> Problem | None:
    """A script ends, and its connections with it: only what is never closed is worth a word."""
    if problem.severity is not None:
        return None
    return Problem(problem.node, problem.message, severity=Severity.SUGGESTION)


def _how(call: ast.Call, driver: Driver, file: SourceFile) -> str:
    word = "async with" if driver.is_async else "with"
    text = file.source(call.func)
    if driver.advice:
        return driver.advice
    if driver.with_closes:
        return f"Open it by `{word} {text}(...) as ...`."
    return f"Open it by `with closing({text}(...)) as ...` of `contextlib`."


def _is_for_the_program(call: ast.Call, holder: str, file: SourceFile) -> bool:
    """A module's own connection that its functions use lives as long as the program."""
    if file.enclosing_function(call) is not None:
        return False
    return any(
        isinstance(file.enclosing_function(use), FUNCTIONS)
        for use in uses_of(holder, file.tree, file)
    )
