"""SQL102."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.core.programs import is_tool
from rules.core.rule import Confidence, FileKind, Problem, Severity, Step, rule
from rules.core.scopes import COMPREHENSIONS
from rules.core.sql.queries import Query, builder_of, calls_named, queries
from rules.sqlite.lazy import lazy_reads
from rules.sqlite.loops import Loop, has_loops, item_names, mentions, row_loop
from rules.tables.http_clients import HTTP_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_READERS = re.compile(
    r"^_*(async_|a)?(get|fetch|find|load|read|lookup|look_up|query|select|count|has|is|exists|check"
    r"|resolve|retrieve|list|search|validate|calculate|compute|db_get)(_|$)|\w+_exists$",
)
_STORE = re.compile(r"(^|_)(database|db|repository|repositories|repo|dao|crud)$", re.IGNORECASE)
_STORE_READER = re.compile(r"^_*(get|find|fetch|load|count|list|select|exists)_\w")
_CLI = re.compile(r"(cli|__main__)\.py$|(^|/)(cli|commands)/")
_OPENS = re.compile(r"session|connect|transaction|begin|get_conn|_conn\b", re.IGNORECASE)
_TABLE = re.compile(r"\b(from|join)\s+\(?\s*([\w\"]+\.)?[\"`\[]?$", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_SOME_ONLY = re.compile(
    r"(^|[\W_])(debug|verbose|isEnabledFor)([\W_]|$)|(type|kind)\s*==\s*[\w\"']"
)
_LIMIT = re.compile(r"\blimit\s+(?!1\b)\S", re.IGNORECASE)
_LIMIT_CALL = re.compile(r"\.limit\(\s*(?!1\b)\S")
_NEAR = 4


class _PerRow(NamedTuple):
    call: ast.Call
    loop: Loop
    callee: str
    trace: tuple[Step, ...]


@rule(
    "SQL102",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
    peers=("fastapi-doctor:FASTT030",),
    across=True,
)
def n_plus_one(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A query for each row of a collection: ten rows are quick, ten thousand stop the service.

    Every round pays the way to the database and holds its connection longer. Ask once for all
    items (`WHERE id IN (…)`, a join, `selectinload`) and pick from the result in the loop.

    ```python
    import sqlite3


    def titles(conn: sqlite3.Connection, ids: list[int]) -> list[str]:
        found = []
        for article_id in ids:
            row = conn.execute(  # finding
                "SELECT title FROM articles WHERE id = ?", (article_id,)
            )
            found.append(row.fetchone()[0])
        return found
    ```

    Through a helper, also one of another module, and in a comprehension:

    ```python
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import Author


    async def get_author(session: AsyncSession, author_id: int) -> Author | None:
        return await session.scalar(select(Author).where(Author.id == author_id))


    async def authors(session: AsyncSession, ids: list[int]) -> list[Author | None]:
        return [await get_author(session, author_id) for author_id in ids]  # finding
    ```

    A relationship that is loaded when it is touched:

    ```python
    from sqlalchemy import ForeignKey, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


    class Base(DeclarativeBase): ...


    class Author(Base):
        __tablename__ = "authors"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]


    class Article(Base):
        __tablename__ = "articles"
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
        author: Mapped[Author] = relationship()


    def names(session: Session) -> list[str]:
        found = []
        for article in session.scalars(select(Article)):
            found.append(article.author.name)  # finding
        return found
    ```

    One query for all, batches, constants, and what is loaded with the rows:

    ```python
    import sqlite3
    from itertools import batched


    def titles(conn: sqlite3.Connection, ids: list[int]) -> list[str]:
        found = []
        for batch in batched(ids, 500):
            marks = ",".join("?" * len(batch))
            rows = conn.execute(f"SELECT title FROM articles WHERE id IN ({marks})", batch)
            found.extend(title for (title,) in rows)
        for table in ("articles", "authors"):
            found.append(
                conn.execute("SELECT name FROM sizes WHERE name = ?", (table,)).fetchone()
            )
        return found
    ```
    """
    if not has_loops(file) or _CLI.search(file.path) or is_tool(file):
        return
    for found in _per_row(file):
        yield _problem(found, file)
    for read in lazy_reads(file):
        if file.imports("sqlalchemy.ext.asyncio") and file.runs_on_event_loop(read.node):
            continue  # It does not run a query there, it raises: SQL120.
        yield Problem(
            read.node,
            f"`{file.source(read.node)}` runs a query for each `{read.model}` of the loop;"
            f" load it with the rows: `.options(selectinload({read.model}.{read.attribute}))`.",
        )


def _problem(found: _PerRow, file: SourceFile) -> Problem:
    looped = _looped(found.loop, file)
    over = f"for each item of `{looped}`" if looped else "for each item of the loop"
    guessed = not found.trace and _asks_a_store(found.call)
    how = "runs a query" if found.trace or guessed else "is a query"
    return Problem(
        found.call,
        f"`{found.callee}` {how} {over}. Ask once for all of them (`IN`, a join) before the loop.",
        trace=found.trace,
        confidence=Confidence.MEDIUM if found.trace or guessed else Confidence.HIGH,
    )


def _looped(loop: Loop, file: SourceFile) -> str:
    iterable = loop.generators[0].iter if isinstance(loop, COMPREHENSIONS) else loop.iter
    text = " ".join(file.source(iterable).split())
    return text if len(text) <= 40 else ""


def _per_row(file: SourceFile) -> Iterator[_PerRow]:
    seen: set[ast.AST] = set()
    for query in queries(file):
        if query.verb == "select" and query.method != "executemany" and _reads_a_table(query.sql):
            found = _in_loop(query.call, file)
            if (
                found is not None
                and _reads_by_item(query.call, query.statement, found, file)
                and not _asks_another_table(query.statement, found, file)
                and not _names_its_table(query, found, file)
                and not _takes_some_of_each(query, file)
            ):
                seen.add(query.call)
                yield _PerRow(query.call, found, _shown(query.call.func, file), ())
    yield from _through_helpers(file, seen)


def _reads_a_table(sql: str) -> bool:
    """Whether a statement in text reads rows: `SELECT load_extension(?)` does not."""
    return not sql or _FROM.search(sql) is not None


def _in_loop(call: ast.Call, file: SourceFile) -> Loop | None:
    loop = row_loop(call, file)
    if loop is None:
        return None
    counts = file.memo(
        f"sqlite.counts:{id(loop)}",
        lambda: not (_stops_early(loop, file) or _is_slow_anyway(loop, file)),
    )
    if not counts or _stands_alone(call, loop, file) or _is_for_some_only(call, loop, file):
        return None
    return loop


def _is_for_some_only(call: ast.Call, loop: Loop, file: SourceFile) -> bool:
    """Whether the query is not for each item: under `if settings.debug:` or `if item.kind == …:`."""
    child: ast.AST = call
    for parent in file.ancestors(call):
        if parent is loop:
            return False
        if isinstance(parent, ast.If) and child in parent.body and _SOME_ONLY.search(
            file.source(parent.test)
        ):  # fmt: skip
            return True
        child = parent
    return False


def _stands_alone(call: ast.Call, loop: Loop, file: SourceFile) -> bool:
    """Whether each round has a session of its own in a `try`: one may fail without the others."""
    own_session = False
    for parent in file.ancestors(call):
        if parent is loop:
            return False
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            opened = " ".join(file.source(item.context_expr) for item in parent.items)
            own_session = own_session or _OPENS.search(opened) is not None
        if own_session and isinstance(parent, ast.Try):
            return True
    return False


def _asks_another_table(statement: ast.expr | None, loop: Loop, file: SourceFile) -> bool:
    """Whether each round chooses the table too, so that no single query could serve them."""
    candidates = [statement] if statement is not None else []
    if isinstance(statement, ast.Name):
        candidates = file.values(statement)
    names = item_names(loop, file)
    for candidate in candidates:
        built = builder_of(file, candidate)
        if built is not None and any(
            isinstance(table, ast.Name) and table.id in names for table in built[1].args
        ):
            return True
    return False


def _names_its_table(query: Query, loop: Loop, file: SourceFile) -> bool:
    """Whether a statement in text has the table from the item: `FROM public."{table}"`."""
    if query.text is None:
        return False
    names = item_names(loop, file)
    return any(
        _TABLE.search(query.text.before(hole)) and mentions(hole, names)
        for hole in query.text.holes
    )


def _takes_some_of_each(query: Query, file: SourceFile) -> bool:
    """Whether each round takes the first few rows of its item, which no `IN` gives for all."""
    if query.text is not None:
        return _LIMIT.search(query.sql) is not None
    statements = [query.statement] if query.statement is not None else [query.call.func]
    if isinstance(query.statement, ast.Name):
        statements = file.values(query.statement)
    return any(_LIMIT_CALL.search(file.source(statement)) for statement in statements)


def _reads_by_item(
    call: ast.Call, statement: ast.expr | None, loop: Loop, file: SourceFile
) -> bool:
    """Whether the query asks for something that depends on the item."""
    names = item_names(loop, file)
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if owner is not None and not isinstance(owner, (ast.Name, ast.Attribute)):
        given.append(owner)
    if isinstance(statement, ast.Name):
        given.extend(value for value in file.values(statement) if builder_of(file, value))
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    if isinstance(owner, ast.Name) and owner.id in names:
        return False
    return any(mentions(node, names) for node in given)


def _through_helpers(file: SourceFile, seen: set[ast.AST]) -> Iterator[_PerRow]:
    """Calls of functions of the project that run a query, given the item."""
    project = file.project
    readers = frozenset(name for name in file.called_names if _is_reader(name))
    if project is None or not readers:
        return
    for call in calls_named(file, readers):
        if call in seen or file.enclosing_loop(call) is None:
            continue
        loop = _in_loop(call, file)
        if loop is None or not _reads_by_item(call, None, loop, file):
            continue
        name = file.qualified_name(call.func) or ""
        if file.handed_to_thread(call) or _asks_for_some(call, file):
            continue
        if project.database.writes(name) or _waits_for_network(name, file):
            continue  # It changes the row of its item, or a request takes far longer anyway.
        steps = project.calls.reach(name, "query")
        if not steps and name not in project.functions and _asks_a_store(call):
            yield _PerRow(call, loop, _shown(call.func, file), ())
        if (
            steps
            and len(steps) <= _NEAR
            and (len(steps) == 1 or project.calls.is_certain(name, "query"))
        ):
            yield _PerRow(call, loop, _shown(call.func, file), steps)


def _waits_for_network(name: str, file: SourceFile) -> bool:
    """Whether a helper of this file sends a request itself."""
    function = file.defined.functions.get(name)
    return function is not None and any(
        isinstance(node, ast.Call) and file.qualified_name(node.func) in HTTP_REQUESTS
        for node in file.body(function)
    )


def _asks_for_some(call: ast.Call, file: SourceFile) -> bool:
    """Whether a helper is told to give the first few rows of the item: `history(item, limit=100)`."""
    return any(
        keyword.arg == "limit" and file.literal(keyword.value) != 1 for keyword in call.keywords
    )


def _asks_a_store(call: ast.Call) -> bool:
    """`app.DATABASE.scripts.get_script(…)`: a reader of what is named as the database."""
    node: ast.expr = call.func
    method = node.attr if isinstance(node, ast.Attribute) else ""
    if not _STORE_READER.match(method) or not isinstance(node, ast.Attribute):
        return False
    node = node.value
    while isinstance(node, ast.Attribute):
        if _STORE.search(node.attr):
            return True
        node = node.value
    return isinstance(node, ast.Name) and bool(_STORE.search(node.id))


def _is_reader(name: str) -> bool:
    return (
        bool(_READERS.match(name))
        and "create" not in name
        and name.strip("_") not in {"get", "load", "list"}
    )


def _stops_early(loop: Loop, file: SourceFile) -> bool:
    """A search that ends with the first hit, or an early end for each round but the last."""
    if isinstance(loop, COMPREHENSIONS):
        parent = file.parent(loop)
        return isinstance(parent, ast.Call) and getattr(parent.func, "id", "") in {"any", "next"}
    return any(isinstance(node, (ast.Break, ast.Return)) for node in file.body(loop))


_SLOW = {"sleep", "send", "send_message", "goto", "acompletion", "completion", "create_order"}
_SLOW_VERB = re.compile(
    r"^_*(a?send|notify|publish|broadcast|deliver|download|upload|install|migrate|scrape|crawl|analy[sz]e"
    r"|recogni[sz]e)_\w"
)


def _is_slow_anyway(loop: Loop, file: SourceFile) -> bool:
    """A loop that waits for the network in each round is not slow because of its queries."""
    if isinstance(loop, COMPREHENSIONS):
        return False
    for node in file.body(loop):
        if isinstance(node, ast.Call):
            last = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if last in _SLOW or _SLOW_VERB.match(last):
                return True
            if file.qualified_name(node.func) in HTTP_REQUESTS:
                return True
    return False


def _shown(node: ast.expr, file: SourceFile) -> str:
    text = "".join(file.source(node).split())
    return text if len(text) <= 50 else "…" + text[-49:]
