"""The database calls of one file: what each runs, on what, and through which kind of driver."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.tables.sql_calls import (
    BUILDERS,
    OTHER_OWNERS,
    QUERY_ENDS,
    RUNNING,
    SESSION_WRITES,
    SESSIONS,
    SQLALCHEMY_OWNERS,
    SQLITE_OWNERS,
    WRITING_VERBS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.text import Text

type Driver = Literal["sqlite", "sqlalchemy", "rest", "other", "unknown"]
"""`rest`: PostgREST, which commits each request; `unknown`: SQL, but nobody can tell for what."""

_COMMENTS = re.compile(r"--[^\n]*(?:\n|$)|/\*.*?(?:\*/|\Z)", re.DOTALL)
_VERB = re.compile(
    r"\s*(select|insert|update|delete|replace|create|alter|drop|pragma|begin|commit|end|rollback"
    r"|savepoint|release|attach|vacuum|explain|with|values)\b",
    re.IGNORECASE,
)
_AFTER_WITH = re.compile(r"\)\s*(select|insert|update|delete|replace)\b", re.IGNORECASE)
_STATEMENT = re.compile(
    r"\s*(select\b.*\bfrom\b|select\s+\S+\(|insert\s+(or\s+\w+\s+|ignore\s+)?into\b|update\s+.*\bset\b"
    r"|delete\s+from\b|replace\s+into\b|with\s+.*\bas\b|create\s+\w+|alter\s+table\b|drop\s+\w+"
    r"|pragma\s+\w|begin\b|commit\b|rollback\b)",
    re.IGNORECASE | re.DOTALL,
)
_TEXT = frozenset({"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text"})
_BUILDING = frozenset({"select", "insert", "update", "delete", "exists", "union", "union_all"})
_DEPTH = 8

_SQLITE = ("sqlite3", "aiosqlite", "sqlite_utils", "apsw", "pysqlite3", "sqlcipher3")
_OTHERS = (
    "psycopg",
    "psycopg2",
    "asyncpg",
    "pymysql",
    "MySQLdb",
    "duckdb",
    "sqlalchemy",
    "sqlmodel",
)


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One call that runs a statement or puts a change into a session.

    `verb` is the statement's first word in lower case, or an empty text when nobody can tell.
    `statement` is the expression that was given, `text` its SQL when it is written as text.
    """

    call: ast.Call
    method: str
    driver: Driver
    verb: str
    statement: ast.expr | None
    text: Text | None

    @property
    def writes(self) -> bool:
        """Whether the call changes rows."""
        return self.verb in WRITING_VERBS

    @property
    def sql(self) -> str:
        """The SQL without comments, holes shown as `?`; empty when it is not written as text."""
        return without_comments(self.text.with_holes("?")) if self.text is not None else ""

    @property
    def owner(self) -> ast.expr:
        """What the method is called on."""
        return self.call.func.value if isinstance(self.call.func, ast.Attribute) else self.call.func


def queries(file: SourceFile) -> list[Query]:
    """The database calls of a file, in the order of the text; found once for all rules."""
    return file.memo("queries", lambda: sorted(_queries(file), key=_place))


def queries_in(file: SourceFile, function: ast.AST | None) -> list[Query]:
    """The database calls that one function makes itself; None: the module's own."""
    return file.memo("queries.by_function", lambda: _by_function(file)).get(function, [])


def _by_function(file: SourceFile) -> dict[ast.AST | None, list[Query]]:
    found: dict[ast.AST | None, list[Query]] = {}
    for query in queries(file):
        found.setdefault(file.enclosing_function(query.call), []).append(query)
    return found


def without_comments(sql: str) -> str:
    """The SQL text without `--` and `/* */` comments."""
    return _COMMENTS.sub(" ", sql) if "--" in sql or "/*" in sql else sql


def verb_of(sql: str) -> str:
    """The first word of a statement in lower case; of `WITH …` the word after its tables."""
    sql = without_comments(sql).lstrip(" \t\r\n(")
    found = _VERB.match(sql)
    if found is None:
        return ""
    word = found[1].lower()
    if word == "with":
        later = list(_AFTER_WITH.finditer(sql))
        writing = [m[1].lower() for m in later if m[1].lower() in WRITING_VERBS]
        return writing[-1] if writing else "select"
    return word


def calls_named(file: SourceFile, names: frozenset[str]) -> Iterator[ast.Call]:
    """The calls with one of these last names; none when none occurs."""
    present = file.called_names & names
    if present:
        yield from file.calls(*sorted(present))


def _place(query: Query) -> tuple[int, int]:
    return query.call.lineno, query.call.col_offset


def _queries(file: SourceFile) -> Iterator[Query]:
    called = file.called_names
    if not called & (RUNNING | SESSION_WRITES | QUERY_ENDS):
        return
    for call in calls_named(file, RUNNING):
        if isinstance(call.func, ast.Attribute) and (found := _running(file, call)):
            yield found
    if file.imports("sqlalchemy", "sqlmodel") or file.project is not None:
        yield from _on_sessions(file)
    for call in file.calls("execute") if called & _TABLES else ():
        if verb := table_verb(call):
            yield Query(call, "execute", "rest", verb, None, None)


_TABLES = frozenset({"table", "from_"})
_REST_VERBS = {v: v for v in ("select", "insert", "update", "delete")} | {"upsert": "insert"}


def table_verb(call: ast.Call) -> str:
    """`select` of `client.table("x").select("*").execute()`, as Supabase speaks to PostgREST.

    An empty text for any other call.
    """
    if _last(call.func) != "execute" or call.args or not isinstance(call.func, ast.Attribute):
        return ""
    verb, node = "", call.func.value
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        verb = _REST_VERBS.get(node.func.attr, verb)
        if node.func.attr in _TABLES:
            return verb if len(node.args) == 1 else ""
        node = node.func.value
    return ""


def _running(file: SourceFile, call: ast.Call) -> Query | None:
    method = _last(call.func)
    driver = _driver(file, call)
    statement = _statement(file, call)
    if statement is None or (driver is None and not _may_be_text(statement)):
        return None
    text = sql_text(file, statement)
    if text is None and driver in {None, "sqlalchemy"}:
        root = builder_of(file, statement)
        if root is not None:
            return Query(call, method, "sqlalchemy", root[0], statement, None)
    if driver is None:
        if text is None or not _STATEMENT.match(without_comments(text.with_holes("?"))):
            return None
        driver = _guess(file, statement)
    verb = verb_of(text.with_holes("?")) if text is not None else ""
    return Query(call, method, driver, verb, statement, text)


def _may_be_text(statement: ast.expr) -> bool:
    return not isinstance(statement, (ast.Dict, ast.List, ast.Lambda, ast.Set))


def _guess(file: SourceFile, statement: ast.expr) -> Driver:
    """The driver of a text that is run on something unknown, by what the file imports."""
    if isinstance(statement, ast.Call) and is_text(statement.func, file):
        return "sqlalchemy"
    if file.imports(*_OTHERS):
        return "unknown"
    return "sqlite" if file.imports(*_SQLITE) or _is_sqlite_alone(file.project) else "unknown"


def _is_sqlite_alone(project: Project | None) -> bool:
    """Whether SQLite is the only database that the project imports anything for."""
    if project is None:
        return False

    def compare() -> bool:
        roots = {
            found.target.partition(".")[0]
            for module in project.modules.values()
            for found in module.imports
        }
        return not roots.isdisjoint(_SQLITE) and roots.isdisjoint(_OTHERS)

    return project.memo("queries.sqlite_alone", compare)


def _statement(file: SourceFile, call: ast.Call) -> ast.expr | None:
    if call.args:
        return None if isinstance(call.args[0], ast.Starred) else call.args[0]
    for name in ("sql", "statement", "query", "clause", "operation"):
        if (given := file.argument(call, 0, name)) is not None:
            return given
    return None


def _driver(file: SourceFile, call: ast.Call) -> Driver | None:
    name = file.qualified_name(call.func)
    owner = name.rpartition(".")[0] if name else ""
    if owner in SQLITE_OWNERS:
        return "sqlite"
    if owner in SQLALCHEMY_OWNERS:
        return "sqlalchemy"
    return "other" if owner in OTHER_OWNERS else None


def sql_text(file: SourceFile, statement: ast.expr) -> Text | None:
    """The SQL text of a statement, `text(...)` looked through."""
    if isinstance(statement, ast.Name) and isinstance(
        value := file.value(statement), (ast.Call, ast.Await)
    ):
        statement = value
    while isinstance(statement, ast.Call):
        wraps = _last(statement.func) in {"dedent", "cleandoc"} or is_text(statement.func, file)
        if wraps and statement.args:
            statement = statement.args[0]
        elif _last(statement.func) in {"bindparams", "execution_options", "columns"}:
            statement = (
                statement.func.value if isinstance(statement.func, ast.Attribute) else statement
            )
        else:
            break
    return file.text_of(statement)


def is_text(function: ast.expr, file: SourceFile) -> bool:
    """Whether this is SQLAlchemy's `text`, by whatever name it was imported."""
    if _last(function) == "text":
        return True
    return isinstance(function, ast.Name) and file.qualified_name(function) in _TEXT


def builder_of(
    file: SourceFile, node: ast.expr, depth: int = _DEPTH
) -> tuple[str, ast.Call] | None:
    """Verb and first call of a statement that SQLAlchemy builds: `select` of `select(X).where(y)`."""
    if depth <= 0:
        return None
    match node:
        case ast.Call(func=function):
            if isinstance(function, ast.Name) or _last(function) in _BUILDING:
                verb = BUILDERS.get(file.qualified_name(function) or "")
                if verb is not None:
                    return verb, node
            if isinstance(function, ast.Attribute):
                return builder_of(file, function.value, depth - 1)
            return None
        case ast.Name() | ast.Attribute():
            for value in file.values(node):
                if value is not node and (found := builder_of(file, value, depth - 1)):
                    return found
            return None
        case _:
            return None


def _on_sessions(file: SourceFile) -> Iterator[Query]:
    called = file.called_names
    for call in calls_named(file, SESSION_WRITES):
        name = file.qualified_name(call.func)
        if name and name.rpartition(".")[0] in SESSIONS:
            verb = "delete" if name.endswith(".delete") else "insert"
            yield Query(call, _last(call.func), "sqlalchemy", verb, _statement(file, call), None)
    if "get" in called:
        for call in file.calls("get"):
            if len(call.args) >= 2 and (file.qualified_name(call.func) or "") in _GETS:
                yield Query(call, "get", "sqlalchemy", "select", call.args[0], None)
    if "query" in called:
        yield from _old_style(file)


_GETS = {f"{session}.get" for session in SESSIONS}


def _old_style(file: SourceFile) -> Iterator[Query]:
    """`session.query(X).filter(...).all()`: one query, at the call that runs it."""
    for call in file.calls("query"):
        if file.qualified_name(call.func) not in {f"{session}.query" for session in SESSIONS}:
            continue
        end: ast.Call = call
        while isinstance(attribute := file.parent(end), ast.Attribute) and isinstance(
            outer := file.parent(attribute), ast.Call
        ):
            end = outer
            if attribute.attr in QUERY_ENDS:
                break
        method = _last(end.func)
        if method in QUERY_ENDS and end is not call:
            verb = method if method in {"update", "delete"} else "select"
            yield Query(end, method, "sqlalchemy", verb, call, None)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_in_memory(call: ast.Call, file: SourceFile) -> bool:
    """Whether a call works on a SQLite database in memory, which waits for no disk and no lock."""
    if ":memory:" not in file.text:
        return False
    node: ast.expr = call
    while isinstance(node, ast.Call):
        if _opens_memory(node, file):
            return True
        node = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    return any(
        isinstance(made, ast.Call) and _opens_memory(made, file) for made in file.values(node)
    )


def _opens_memory(call: ast.Call, file: SourceFile) -> bool:
    return bool(call.args) and file.literal(call.args[0]) == ":memory:"
