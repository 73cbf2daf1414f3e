"""What the rest of the project needs to know of one file's database code."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from rules.core.rule import FileKind
from rules.core.sql.given_connections import given_connections
from rules.core.sql.queries import calls_named, queries
from rules.core.sql.reading import tables_in
from rules.core.sql.session_blocks import block_counts
from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_COMMITS = frozenset({
    "commit", "begin", "begin_nested", "executescript", "transaction", "atomic", "acommit",
    "commit_transaction", "begin_transaction",
})  # fmt: skip
_CONNECTING = frozenset({"connect", "create_engine", "create_async_engine"})
_CONNECTS = {
    "sqlite3.connect": "sqlite3",
    "aiosqlite.connect": "aiosqlite",
    "sqlalchemy.create_engine": "sqlalchemy",
    "sqlalchemy.ext.asyncio.create_async_engine": "sqlalchemy",
}
# Patterns that begin with a plain word are searched for much faster; hence the look back at it.
_PRAGMA = re.compile(r"pragma(?<=\bpragma)\s+([\w.]+)\s*(?:=\s*|\(\s*)?['\"]?([\w{-]*)")
_COMPUTED_PRAGMA = re.compile(r"pragma(?<=\bpragma)\s+(\{|%|['\"])")
_REFERENCES = re.compile(r"references(?<=\breferences)\s+[\w\"`]+\s*\(")
_REFERENCES_IN_CAPITALS = re.compile(r"REFERENCES(?<=\bREFERENCES)\s+\w")
_FOREIGN_KEY = re.compile(r"FOREIGN(?<=\bFOREIGN)\s+KEY\s*\(")
_MAKER = re.compile(r"^(async_?)?session(_?local|_?maker|_?factory)?$", re.IGNORECASE)
_CONNECTION = re.compile(r"(^|_)(conn|connection|con|db|database|session|sess|tx|transaction)$")


class ConnectFacts(NamedTuple):
    """One place that connects to SQLite: the driver and whether the database lives in memory."""

    driver: str
    line: int
    in_memory: bool


class SqlFacts(NamedTuple):
    """The database code of one file.

    `commits` names the functions that commit or open a block that does, `writes` those that
    write through a connection or session that they are given, `opens` those that give a
    connection or session that they opened, `given` those of them that leave it to their caller,
    with the function by which they connect. `relationships` are class,
    attribute and loading strategy of each lazy relationship of a model. `asked` are the words
    that stand where SQL texts name a table. `blocks` counts the `with` blocks that write, see
    `BlockCount`.
    """

    commits: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    connects: tuple[tuple[str, int, bool], ...] = ()
    relationships: tuple[tuple[str, str, str], ...] = ()
    opens: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    blocks: tuple[tuple[str, int, int], ...] = ()


def sql_facts_of(file: SourceFile) -> SqlFacts:
    """The facts of one file; nothing outside the file is asked."""
    return SqlFacts(
        commits=tuple(sorted(_commits(file))),
        writes=tuple(sorted(_writes(file))),
        connects=tuple(_connects(file)),
        relationships=tuple(_relationships(file)),
        opens=tuple(sorted(_opens(file))),
        asked=tuple(sorted({name for query in queries(file) for name in tables_in(query.sql)})),
        given=tuple(sorted(given_connections(file))),
        blocks=tuple(block_counts(queries(file), file)) if file.kind is FileKind.CODE else (),
    )


def pragmas_of(file: SourceFile) -> tuple[str, ...]:
    """What the file does to configure SQLite, in lower case and sorted.

    `journal_mode=wal` for a `PRAGMA`, `?` for one whose name is computed; `timeout` for a
    connection with a busy timeout of its own, `adapter` for a registered adapter, and
    `references` for a foreign key in a schema or model.
    """
    if file.kind is FileKind.TEST:
        return ()
    return tuple(sorted({*_pragmas(file.text), *_settings(file)}))


def _pragmas(text: str) -> Iterator[str]:
    if "pragma" in text or "PRAGMA" in text:
        lowered = text.lower()
        for dotted, value in _PRAGMA.findall(lowered):
            name = dotted.rsplit(".", 1)[-1]
            yield f"{name}={value}" if value and value != "{" else name
        if _COMPUTED_PRAGMA.search(lowered):
            yield "?"
    if (
        _REFERENCES_IN_CAPITALS.search(text)
        or _FOREIGN_KEY.search(text)
        or (("references" in text or "REFERENCES" in text) and _REFERENCES.search(text.lower()))
    ):
        yield "references"


def _settings(file: SourceFile) -> Iterator[str]:
    if "ForeignKey" in file.called_names or "foreign_key=" in file.text:
        yield "references"
    if "ENABLE_FKEY" in file.text:
        yield "foreign_keys"
    if "register_adapter" in file.called_names:
        yield "adapter"
    for call in _connecting(file):
        if any(keyword.arg in {"timeout", "connect_args", None} for keyword in call.keywords):
            text = file.source(call)
            elsewhere = "connect_args=" in text and "{" not in text
            if "timeout" in text or "**" in text or elsewhere:
                yield "timeout"


def _connecting(file: SourceFile) -> Iterator[ast.Call]:
    for call in calls_named(file, _CONNECTING):
        if file.qualified_name(call.func) in _CONNECTS:
            yield call


def _connects(file: SourceFile) -> Iterator[ConnectFacts]:
    for call in _connecting(file):
        driver = _CONNECTS[file.qualified_name(call.func) or ""]
        given = file.argument(call, 0, "url" if driver == "sqlalchemy" else "database")
        text = file.text_of(given) if given is not None else None
        address = text.with_holes("?") if text is not None else ""
        if driver == "sqlalchemy" and not address.startswith("sqlite"):
            continue
        in_memory = ":memory:" in address or "mode=memory" in address or address == "sqlite://"
        read_only = "mode=ro" in address or "immutable=1" in address
        yield ConnectFacts(driver, call.lineno, in_memory or read_only)


def _commits(file: SourceFile) -> set[str]:
    found: set[FunctionNode | None] = set()
    for call in calls_named(file, _COMMITS):
        found.add(file.enclosing_function(call))
    if "isolation_level" in file.text or "autocommit" in file.lowered:
        for keyword in file.of(ast.keyword):
            if keyword.arg in {"isolation_level", "autocommit"} and _is_on(keyword.value):
                found.add(file.enclosing_function(keyword))
    for query in queries(file):
        if query.verb in {"begin", "commit", "end", "savepoint", "release"}:
            found.add(file.enclosing_function(query.call))
    for item in file.of(ast.withitem):
        if is_committing_block(item, file):
            found.add(file.enclosing_function(item.context_expr))
    return {file.defined.name_of(node) for node in found if node is not None}


def _is_on(value: ast.expr) -> bool:
    return not (isinstance(value, ast.Constant) and value.value is False)


def is_committing_block(item: ast.withitem, file: SourceFile) -> bool:
    """Whether `with x:` commits at its end because `x` is a connection or a transaction."""
    given = item.context_expr
    if isinstance(given, ast.Call):
        name = file.qualified_name(given.func) or ""
        if file.project is not None:
            name = file.project.database.given.get(name, name)
        return name in {"sqlite3.connect", "psycopg.connect"}
    last = given.attr if isinstance(given, ast.Attribute) else getattr(given, "id", "")
    return bool(_CONNECTION.search(last.lower()))


def _writes(file: SourceFile) -> set[str]:
    """Functions that write through a parameter."""
    found: set[str] = set()
    if not file.imports("sqlalchemy", "sqlmodel", "sqlite3", "aiosqlite"):
        return found
    for query in queries(file):
        function = file.enclosing_function(query.call)
        if query.writes and function is not None and is_given(query.owner, file):
            found.add(file.defined.name_of(function))
    return found


def _opens(file: SourceFile) -> set[str]:
    """Functions that return or yield a connection or session that they opened themselves."""
    found: set[str] = set()
    if not any(word in file.text for word in ("connect", "ession")):
        return found
    for statement in (*file.of(ast.Return), *file.of(ast.Yield)):
        function = file.enclosing_function(statement)
        if function is not None and _is_opened(statement.value, file):
            found.add(file.defined.name_of(function))
    return found


def _is_opened(value: ast.expr | None, file: SourceFile) -> bool:
    if isinstance(value, ast.Name):
        bindings = file.names.reaching(value)
        if not bindings or bindings[-1].kind not in {"assign", "with"}:
            return False
        if isinstance(bindings[-1].scope, ast.Module):
            return False
        value = bindings[-1].value
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Attribute) and value.func.attr == "closing":
        return False
    if getattr(value.func, "id", "") == "closing" and value.args:
        return _is_opened(value.args[0], file)
    if file.qualified_name(value.func) in CONNECT:
        return True
    return isinstance(value.func, ast.Name) and bool(_MAKER.search(value.func.id))


def is_given(owner: ast.expr, file: SourceFile) -> bool:
    """Whether a connection, or the cursor on it, is a parameter of the function around."""
    while isinstance(owner, (ast.Attribute, ast.Call, ast.Await)):
        owner = owner.func if isinstance(owner, ast.Call) else owner.value
    if not isinstance(owner, ast.Name):
        return False
    bindings = file.names.reaching(owner)
    if bindings and bindings[-1].kind == "argument":
        return owner.id not in {"self", "cls"}
    value = bindings[-1].value if bindings and bindings[-1].kind in {"assign", "with"} else None
    if isinstance(value, ast.Await):
        value = value.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return value.func.attr == "cursor" and is_given(value.func.value, file)
    return False


def _relationships(file: SourceFile) -> Iterator[tuple[str, str, str]]:
    for call in calls_named(file, frozenset({"relationship", "Relationship"})):
        statement = file.parent(call)
        class_ = file.enclosing_class(call)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if class_ is not None:
                    yield file.defined.name_of(class_), name, _strategy(call, file)
            case _:
                pass


def _strategy(call: ast.Call, file: SourceFile) -> str:
    """How a relationship is loaded: `select` when nothing is said."""
    for keyword in call.keywords:
        if keyword.arg == "lazy":
            value = file.literal(keyword.value)
            return value if isinstance(value, str) else "?"
        if keyword.arg in {"sa_relationship_kwargs", "sa_relationship", None}:
            found = re.search(r"lazy[\"']?\s*[:=]\s*[\"'](\w+)", file.source(keyword.value))
            return found[1] if found else "select"
    return "select"
