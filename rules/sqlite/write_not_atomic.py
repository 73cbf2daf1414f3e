"""SQL109."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.core.sql.queries import Query, calls_named, queries_in
from rules.sqlite.loops import mentions
from rules.sqlite.order import precedes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_AMOUNTS = re.compile(
    r"(^|_)(balance|stock|quantity|qty|credits?|seats|inventory|available|funds|points|count|counter"
    r"|remaining|shares|position|exposure|amount|views|likes|votes)$"
)
_UPDATE = re.compile(
    r"\s*update\s+([\w\"`.]+)\s+set\s+(.*?)(\bwhere\b|$)", re.IGNORECASE | re.DOTALL
)
_FROM = re.compile(r"\bfrom\s+([\w\"`.]+)", re.IGNORECASE)
_RELATIVE = re.compile(r"(\w+)\s*=\s*(?:coalesce\()?\1\b[^,]*?([+-])", re.IGNORECASE)
_LOCKS = re.compile(
    r"begin\s+(immediate|exclusive)|for update|with_for_update|lock\b|\.begin\(|serializable|_lock",
    re.IGNORECASE,
)

_SEEDS = re.compile(r"(^|_)(seed|seeds|seeder|seeding|fixtures?|demo|sample)(_|\.|$)")
"""What fills an empty database by hand is run again when it failed."""


@rule(
    "SQL109",
    on=(ast.FunctionDef, ast.AsyncFunctionDef),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
)
def write_not_atomic(function: FunctionNode, file: SourceFile) -> Iterator[Problem]:
    """Writes that belong together and can be torn apart: by a crash, or by another request.

    A commit between an order and its items keeps an order without items when the second part
    fails. A value that is read, changed in Python and written back overwrites what another
    request wrote in between.

    ```python
    import sqlite3


    def buy(conn: sqlite3.Connection, user_id: int, tokens: list[str], cost: int) -> None:
        cursor = conn.execute("INSERT INTO orders (user_id) VALUES (?)", (user_id,))
        order_id = cursor.lastrowid
        conn.commit()  # finding
        conn.execute(
            "INSERT INTO items (order_id, token) VALUES (?, ?)", (order_id, tokens[0])
        )
        conn.commit()


    def pay(conn: sqlite3.Connection, user_id: int, cost: int) -> None:
        row = conn.execute(
            "SELECT balance FROM accounts WHERE id = ?", (user_id,)
        ).fetchone()
        balance = row[0] - cost
        conn.execute(  # finding
            "UPDATE accounts SET balance = ? WHERE id = ?", (balance, user_id)
        )
        conn.commit()


    def move(conn: sqlite3.Connection, source: int, target: int, cost: int) -> None:
        conn.execute(
            "UPDATE accounts SET balance = balance - ? WHERE id = ?", (cost, source)
        )
        conn.commit()  # finding
        conn.execute(
            "UPDATE accounts SET balance = balance + ? WHERE id = ?", (cost, target)
        )
        conn.commit()
    ```

    The same through an ORM, where a flush gives the key without a commit:

    ```python
    from sqlalchemy.orm import Session

    from app.models import Account, Item, Order


    def buy(session: Session, token: str) -> None:
        order = Order()
        session.add(order)
        session.commit()  # finding
        session.refresh(order)
        session.add(Item(order_id=order.id, token=token))
        session.commit()


    def pay(session: Session, key: int, cost: int) -> None:
        account = session.get(Account, key)
        account.balance -= cost  # finding
        session.commit()
    ```

    One transaction, one statement, or a lock:

    ```python
    import sqlite3

    from sqlalchemy.orm import Session

    from app.models import Item, Order


    def buy(session: Session, token: str) -> None:
        order = Order()
        session.add(order)
        session.flush()
        session.add(Item(order_id=order.id, token=token))
        session.commit()


    def pay(conn: sqlite3.Connection, user_id: int, cost: int) -> None:
        conn.execute(
            "UPDATE accounts SET balance = balance - ? WHERE id = ?", (cost, user_id)
        )
        conn.commit()


    def careful(conn: sqlite3.Connection, user_id: int, cost: int) -> None:
        conn.execute("BEGIN IMMEDIATE")
        row = conn.execute(
            "SELECT balance FROM accounts WHERE id = ?", (user_id,)
        ).fetchone()
        conn.execute(
            "UPDATE accounts SET balance = ? WHERE id = ?", (row[0] - cost, user_id)
        )
        conn.commit()
    ```
    """
    if _SEEDS.search(function.name) or _SEEDS.search(file.path.rpartition("/")[2]):
        return
    found = queries_in(file, function)
    yield from _changed_in_python(function, found, file)
    if sum(query.writes for query in found) == 0 or len(found) < 2:
        return
    yield from _torn(function, found, file)
    yield from _lost_updates(function, found, file)


def _torn(function: FunctionNode, found: list[Query], file: SourceFile) -> Iterator[Problem]:
    """A commit between two writes of which the second needs the first."""
    commits = [
        call
        for call in calls_named(file, frozenset({"commit"}))
        if file.enclosing_function(call) is function and file.enclosing_loop(call) is None
    ]
    writes = [query for query in found if query.writes]
    for commit in commits:
        before = [w for w in writes if _is_straight(w.call, commit, file)]
        after = [w for w in writes if _is_straight(commit, w.call, file)]
        for first in reversed(before):
            second = next((w for w in after if _belongs(first, w, function, file)), None)
            if second is not None and not _waits_between(first.call, second.call, function, file):
                yield _torn_problem(commit, first, second, file)
                break


def _torn_problem(commit: ast.Call, first: Query, second: Query, file: SourceFile) -> Problem:
    owner = file.source(commit.func).rpartition(".")[0]
    flush = (
        f" Use `{owner}.flush()` here."
        if first.driver == "sqlalchemy"
        else " Commit once, at the end."
    )
    return Problem(
        commit,
        f"Line {second.call.lineno} belongs to the write in line {first.call.lineno}; with this commit"
        f" between them a failure keeps one without the other.{flush}",
        trace=(
            Step(file.path, first.call.lineno, "the first write is committed alone"),
            Step(file.path, second.call.lineno, "the second one can fail afterwards"),
        ),
    )


def _is_straight(first: ast.AST, second: ast.AST, file: SourceFile) -> bool:
    """Whether both run in every run of the block that they share."""
    here = file.statement(second)
    there = file.statement(first)
    return file.parent(here) is file.parent(there) and precedes(first, second, file)


def _belongs(first: Query, second: Query, function: FunctionNode, file: SourceFile) -> bool:
    if first.text is not None and second.text is not None:
        return _is_transfer(first.sql, second.sql) or (
            first.verb == second.verb == "insert"
            and bool(keys := _keys_of(first, function, file))
            and any(mentions(argument, keys) for argument in second.call.args[1:])
        )
    if (one := _moved(first)) is not None and (two := _moved(second)) is not None:
        return one[:2] == two[:2] and one[2] != two[2]
    if first.method == "add" == second.method and isinstance(first.statement, ast.Name):
        return second.statement is not None and _uses_key(
            second.statement, first.statement.id, file
        )
    return False


def _is_transfer(first: str, second: str) -> bool:
    """Two updates of one column of one table, one up and one down."""
    one, two = _UPDATE.match(first), _UPDATE.match(second)
    if one is None or two is None or one[1].lower() != two[1].lower():
        return False
    up, down = _RELATIVE.search(one[2]), _RELATIVE.search(two[2])
    return up is not None and down is not None and up[1] == down[1] and up[2] != down[2]


def _moved(query: Query) -> tuple[str, str, str] | None:
    """Model, column and direction of `update(Account).values(balance=Account.balance - cost)`."""
    for node in ast.walk(query.statement) if query.verb == "update" and query.statement else ():
        match node:
            case ast.keyword(
                arg=str(column),
                value=ast.BinOp(
                    left=ast.Attribute(value=model, attr=same), op=ast.Add() | ast.Sub() as op
                ),
            ) if column == same:
                return ast.unparse(model), column, type(op).__name__
            case _:
                pass
    return None


def _keys_of(first: Query, function: FunctionNode, file: SourceFile) -> set[str]:
    """Variables that hold the key of the inserted row: `cursor.lastrowid`."""
    found: set[str] = set()
    for node in file.body(function):
        match node:
            case ast.Assign(value=ast.Attribute(attr="lastrowid")) if (
                node.lineno >= first.call.lineno
            ):
                found.update(t.id for t in node.targets if isinstance(t, ast.Name))
            case _:
                pass
    return found


def _uses_key(statement: ast.expr, name: str, file: SourceFile) -> bool:
    """Whether a new row is made from an attribute of the first: `Item(order_id=order.id)`."""
    if isinstance(statement, ast.Name):
        value = file.value(statement)
        if value is None:
            return False
        statement = value
    if not isinstance(statement, ast.Call):
        return False
    return any(
        keyword.arg is not None
        and isinstance(keyword.value, ast.Attribute)
        and isinstance(keyword.value.value, ast.Name)
        and keyword.value.value.id == name
        and (keyword.value.attr == "id" or keyword.value.attr.endswith("_id"))
        for keyword in statement.keywords
    )


def _waits_between(
    first: ast.Call, second: ast.Call, function: FunctionNode, file: SourceFile
) -> bool:
    """Whether other work stands between the two, for which the first must be visible already."""
    database = {"commit", "refresh", "flush", "execute", "scalar", "scalars", "get", "add", "exec"}
    for node in file.body(function):
        if isinstance(node, ast.Await) and first.lineno < node.lineno < second.lineno:
            call = node.value
            last = (
                call.func.attr
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                else ""
            )
            if last not in database:
                return True
    return False


def _lost_updates(
    function: FunctionNode, found: list[Query], file: SourceFile
) -> Iterator[Problem]:
    reads = [q for q in found if q.verb == "select" and q.text is not None]
    updates = [q for q in found if q.verb == "update" and q.text is not None]
    if not reads or not updates or _LOCKS.search(file.source(function)):
        return
    for update in updates:
        parsed = _UPDATE.match(update.sql)
        if parsed is None or len(update.call.args) < 2:
            continue
        columns = [part.split("=")[0].strip() for part in parsed[2].split(",") if "=" in part]
        given = update.call.args[1]
        if not isinstance(given, (ast.Tuple, ast.List)):
            continue
        for read in reads:
            table = _FROM.search(read.sql)
            if (
                table is None
                or table[1].lower() != parsed[1].lower()
                or not precedes(read.call, update.call, file)
            ):
                continue
            names = _derived(read.call, function, file)
            for column, value in zip(columns, given.elts, strict=False):
                if _AMOUNTS.search(column.lower()) and _is_computed(value, names, file):
                    yield _lost_problem(update, column, read)
                    return


_HELD = re.compile(r"(^|_)(balance|stock|credits?|seats|inventory|funds|available)$")


def _changed_in_python(
    function: FunctionNode, found: list[Query], file: SourceFile
) -> Iterator[Problem]:
    """`account.balance -= cost` on a row that was loaded without a lock."""
    if not found or _LOCKS.search(file.source(function)):
        return
    for node in file.body(function):
        match node:
            case (
                ast.AugAssign(
                    target=ast.Attribute(value=ast.Name() as row, attr=column),
                    op=ast.Add() | ast.Sub(),
                )
                | ast.Assign(
                    targets=[ast.Attribute(value=ast.Name() as row, attr=column)],
                    value=ast.BinOp(
                        left=ast.Attribute(value=ast.Name(), attr=_), op=ast.Add() | ast.Sub()
                    ),
                )
            ) if _HELD.search(column) and _is_own(node) and _is_loaded(row, found, file):
                owner = row.id
                yield Problem(
                    node,
                    f"`{owner}.{column}` is changed in Python on a row read without a lock: what"
                    " another request wrote in between is lost. Load it `with_for_update()`, or"
                    f" run `update(…).values({column}=…)`.",
                )
                return
            case _:
                pass


def _is_own(change: ast.AugAssign | ast.Assign) -> bool:
    """Whether what is written back was read there: `row.balance = row.balance - cost`."""
    match change:
        case ast.Assign(targets=[target], value=ast.BinOp(left=left)):
            return ast.unparse(target) == ast.unparse(left)
        case _:
            return True


def _is_loaded(row: ast.Name, found: list[Query], file: SourceFile) -> bool:
    """Whether the name holds a row that a query of the function gave."""
    bindings = [b for b in file.names.reaching(row) if b.kind == "assign" and b.value is not None]
    return any(
        query.driver == "sqlalchemy"
        and query.verb == "select"
        and any(
            binding.value is not None and query.call in _below(binding.value)
            for binding in bindings
        )
        for query in found
    )


def _below(node: ast.expr) -> list[ast.AST]:
    return list(ast.walk(node))


def _lost_problem(update: Query, column: str, read: Query) -> Problem:
    return Problem(
        update.call,
        f"`{column}` is read in line {read.call.lineno}, changed in Python and written back: what another"
        f" request wrote in between is lost. Write `SET {column} = {column} + ?`, or `BEGIN IMMEDIATE` first.",
    )


def _derived(read: ast.Call, function: FunctionNode, file: SourceFile) -> set[str]:
    """Variables whose value comes out of the query."""
    names: set[str] = set()
    origin = file.statement(read)
    if isinstance(origin, ast.Assign):
        names.update(n.id for t in origin.targets for n in ast.walk(t) if isinstance(n, ast.Name))
    for _ in range(2):
        for node in file.body(function):
            if isinstance(node, ast.Assign) and mentions(node.value, names):
                names.update(
                    n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
                )
    return names


def _is_computed(value: ast.expr, names: set[str], file: SourceFile) -> bool:
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
        return mentions(value, names)
    if isinstance(value, ast.Name) and value.id in names:
        return any(
            isinstance(found, ast.BinOp)
            and isinstance(found.op, (ast.Add, ast.Sub))
            and mentions(found, names)
            for found in file.values(value)
        )
    return False
