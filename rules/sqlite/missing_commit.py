"""SQL107."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import FUNCTIONS
from rules.core.sql.queries import queries
from rules.core.sql.session_blocks import session_block
from rules.sqlite.commits import is_committed
from rules.sqlite.holders import Holder, holder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile
    from rules.core.sql.queries import Query

_DECORATORS = re.compile(r"transaction|commit|atomic|session|unit_of_work|uow|_db", re.IGNORECASE)
_TABLE = re.compile(
    r"\b(insert\s+(?:or\s+\w+\s+)?into|replace\s+into|update(?:\s+or\s+\w+)?|delete\s+from)\s+([\w.\"`]+)",
    re.IGNORECASE,
)
_TEMPORARY = re.compile(r"\b(temp|temporary)\b", re.IGNORECASE)
_ENDERS = {"commit", "flush", "save", "close", "aclose", "stop", "__exit__", "__aexit__", "sync"}


class _Write(NamedTuple):
    call: ast.Call
    what: str
    owner: ast.expr


@rule(
    "SQL107",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.MIGRATION),
)
def missing_commit(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """What is written and never committed is lost when the connection or session closes.

    `sqlite3`, `aiosqlite` and SQLAlchemy open a transaction by themselves before the first
    write; closing without `commit()` rolls it back, with no error. Reported where the function
    opens the connection itself, gets it from a dependency that does not commit, keeps it in
    an object none of whose other methods would leave the commit out, or opens it in a `with` block
    by a function after which at least four other blocks of the project commit by hand.

    ```python
    import sqlite3
    from contextlib import closing


    def save(path: str, title: str) -> None:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))  # finding
    ```

    A `with` block of `aiosqlite` closes the connection, it does not commit; nor does a session:

    ```python
    import aiosqlite
    from sqlalchemy import create_engine, update
    from sqlalchemy.orm import Session

    from app.models import Article

    engine = create_engine("sqlite:///news.db")


    async def save(path: str, title: str) -> None:
        async with aiosqlite.connect(path) as db:
            await db.execute("INSERT INTO articles (title) VALUES (?)", (title,))  # finding


    def rename(title: str) -> None:
        with Session(engine) as session:
            session.execute(update(Article).values(title=title))  # finding
    ```

    A route whose dependency only opens and closes the session:

    ```python
    from collections.abc import Iterator
    from typing import Annotated

    from fastapi import Depends, FastAPI
    from sqlmodel import Session, create_engine

    from app.models import Article

    app = FastAPI()
    engine = create_engine("sqlite:///news.db")


    def get_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session


    @app.post("/articles")
    def create(
        article: Article, session: Annotated[Session, Depends(get_session)]
    ) -> Article:
        session.add(article)  # finding
        session.flush()
        return article
    ```

    Committed afterwards, by a block, or by the dependency:

    ```python
    import sqlite3
    from collections.abc import Iterator
    from contextlib import closing
    from typing import Annotated

    from fastapi import Depends, FastAPI
    from sqlmodel import Session, create_engine

    from app.models import Article

    app = FastAPI()
    engine = create_engine("sqlite:///news.db")


    def save(path: str, title: str) -> None:
        with closing(sqlite3.connect(path)) as conn, conn:
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        with sqlite3.connect(path) as conn:
            conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM articles")
        conn = sqlite3.connect(path, isolation_level=None)
        conn.execute("DELETE FROM articles")


    def get_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session
            session.commit()


    @app.post("/articles")
    def create(
        article: Article, session: Annotated[Session, Depends(get_session)]
    ) -> Article:
        session.add(article)
        return article
    ```

    A function that is given its connection or session leaves the commit to its caller:

    ```python
    import sqlite3

    from sqlalchemy.orm import Session

    from app.models import Article


    def save(conn: sqlite3.Connection, title: str) -> None:
        conn.execute("INSERT INTO articles (title) VALUES (?)", (title,))


    def add(session: Session, title: str) -> None:
        session.add(Article(title=title))
        session.flush()
    ```
    """
    seen: set[tuple[ast.AST | None, str]] = set()
    for write in _writes(file):
        function = file.enclosing_function(write.call)
        holder = holder_of(write.owner, file)
        key = (function, holder.name)
        if key in seen or holder.kind in {"given", "commits"}:
            continue
        others = 0
        if holder.kind == "unknown" and not (others := _commits_by_hand(write, file)):
            continue
        if _is_left_to_others(holder, function, file) or _is_from_around(write, file):
            continue
        if is_committed(write.call, file, _names_of(holder, function, file)):
            continue
        seen.add(key)
        yield _problem(write, holder, others)


def _commits_by_hand(write: _Write, file: SourceFile) -> int:
    """How many other blocks of the project commit by hand in such a session."""
    found = session_block(write.owner, file)
    if found is None or file.project is None:
        return 0
    return file.project.database.commits_by_hand(found.opener)


def _problem(write: _Write, holder: Holder, others: int) -> Problem:
    loses = "closing without a commit rolls it back"
    if others:
        loses = f"{others} other blocks with such a session commit by hand, for closing does not"
    if holder.kind == "asked for":
        loses = "the dependency that gives it closes without a commit"
    return Problem(
        write.call,
        f"{write.what} is never committed: {loses}. Call `{holder.name}.commit()` after the last write.",
        confidence=Confidence.MEDIUM
        if holder.kind in {"kept", "global", "unknown"}
        else Confidence.HIGH,
    )


def _writes(file: SourceFile) -> Iterator[_Write]:
    for query in queries(file):
        if not query.writes or query.method == "executescript" or query.driver == "rest":
            continue
        if query.text is not None:
            table = _TABLE.search(query.sql)
            if _is_temporary(query.sql, file):
                continue
            what = " ".join(table[0].split()) if table else query.verb.upper()
            yield _Write(query.call, f"`{what}`", query.owner)
        elif not _puts_back(query, file):
            shown = " ".join(file.source(query.call).split())
            shown = shown if len(shown) <= 50 else shown[:49] + "…"
            yield _Write(query.call, f"`{shown}`", _base(query.owner))
    yield from _by_helpers(file)


def _is_temporary(sql: str, file: SourceFile) -> bool:
    """Whether a statement writes to a table that ends with its connection anyway."""
    if _TEMPORARY.search(sql.partition("(")[0]):
        return True
    table = _TABLE.search(sql)
    name = re.escape(table[2]) if table else ""
    return bool(name) and bool(
        re.search(rf"create\s+temp(orary)?\s+table\s[^(]*\b{name}\b", file.text, re.IGNORECASE)
    )


def _puts_back(query: Query, file: SourceFile) -> bool:
    """Whether `add` gives a session, after its commit, what it had before and nobody changed."""
    given = query.call.args[0] if query.call.args else None
    function = file.enclosing_function(query.call)
    if query.method not in {"add", "merge"} or not isinstance(given, ast.Name) or function is None:
        return False
    commits = [
        call.lineno
        for call in file.calls("commit")
        if file.enclosing_function(call) is function and call.lineno < query.call.lineno
    ]
    made = [getattr(value, "lineno", 0) for value in file.values(given)]
    if not commits or not made or max(made) > max(commits):
        return False
    return not any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == given.id
        and node.lineno > max(commits)
        for node in file.body(function)
    )


def _is_from_around(write: _Write, file: SourceFile) -> bool:
    """Whether the connection belongs to the function around, which goes on after this one."""
    if not isinstance(write.owner, ast.Name):
        return False
    function = file.enclosing_function(write.call)
    bindings = file.names.reaching(write.owner)
    return bool(bindings) and all(
        isinstance(binding.scope, FUNCTIONS) and binding.scope is not function
        for binding in bindings
    )


def _base(owner: ast.expr) -> ast.expr:
    """`session` of `session.query(X).filter(...)`."""
    while isinstance(owner, ast.Call) and isinstance(owner.func, ast.Attribute):
        if owner.func.attr == "cursor":
            break
        owner = owner.func.value
    return owner


def _by_helpers(file: SourceFile) -> Iterator[_Write]:
    """Calls that hand a session to a function of the project which writes and leaves the commit."""
    if file.project is None:
        return
    database = file.project.database
    for name in sorted(file.called_names & database.writing_names):
        for call in file.calls(name):
            callee = file.qualified_name(call.func) or ""
            if not database.writes(callee) or database.commits(callee) or "temp" in name:
                continue
            for given in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(given, ast.Name) and _is_session(given, file):
                    yield _Write(call, f"What `{name}` writes", given)
                    break


def _is_session(node: ast.Name, file: SourceFile) -> bool:
    from rules.tables.sql_calls import SQLALCHEMY_OWNERS, SQLITE_OWNERS

    return file.qualified_name(node) in SQLITE_OWNERS | SQLALCHEMY_OWNERS


def _names_of(holder: Holder, function: FunctionNode | None, file: SourceFile) -> frozenset[str]:
    """The connection's own name and those of the cursors on it and what is built around it."""
    found = {holder.name}
    for statement in file.of(ast.Assign):
        value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
        if not isinstance(value, ast.Call) or file.enclosing_function(statement) is not function:
            continue
        if isinstance(value.func, ast.Attribute) and value.func.attr == "cursor":
            found.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return frozenset(found)


def _is_left_to_others(holder: Holder, function: FunctionNode | None, file: SourceFile) -> bool:
    if function is None:
        return holder.kind not in {"opened", "global"}
    if any(_DECORATORS.search(file.source(item)) for item in function.decorator_list):
        return True
    if _is_wrapped(holder, function, file):
        return True
    if holder.kind in {"kept", "global"}:
        return _is_part(holder, function, file)
    return False


def _is_wrapped(holder: Holder, function: FunctionNode, file: SourceFile) -> bool:
    """Whether an object around the connection is made before: it may commit under another name."""
    for call in file.of(ast.Call):
        if file.enclosing_function(call) is not function:
            continue
        last = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        if last[:1].isupper() and any(
            isinstance(given, ast.Name) and given.id == holder.name
            for given in (*call.args, *(keyword.value for keyword in call.keywords))
        ):
            return True
    return False


def _is_part(holder: Holder, function: FunctionNode, file: SourceFile) -> bool:
    """Whether callers, or an end that commits, finish what a method or function begins."""
    name = file.defined.name_of(function)
    project = file.project
    if project is None or function.name.startswith("_"):
        return True
    if any(project.database.commits(caller) for caller in project.calls.callers(name)):
        return True
    owner = name.rpartition(".")[0]
    siblings = [known for known in project.functions if known.rpartition(".")[0] == owner]
    committing = [known for known in siblings if project.database.commits(known)]
    if any(known.rpartition(".")[2] in _ENDERS for known in committing):
        return True
    if holder.kind == "global":
        return not committing
    class_ = project.classes.get(owner)
    return not committing or class_ is None or any(base for base in class_.bases)
