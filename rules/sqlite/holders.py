"""Whose a connection or session is: opened here, given by a dependency, kept by an object."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, NamedTuple

from rules.core.scopes import FUNCTIONS
from rules.core.sql.facts import is_committing_block
from rules.tables.sql_calls import SQLALCHEMY_OWNERS, SQLITE_OWNERS
from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    from rules.core.scopes import Binding, FunctionNode
    from rules.core.source import SourceFile

type Kind = Literal["opened", "asked for", "given", "kept", "global", "commits", "unknown"]
"""`asked for`: by `Depends`. `given`: a parameter. `commits`: its block or mode does so itself."""

_OWN_MODE = {"isolation_level", "autocommit"}
_OWN_COMMITS = ("asyncpg.", "duckdb.", "databases.")
"""Drivers that commit each statement by themselves."""
_DEPTH = 6


class Holder(NamedTuple):
    """A connection or session: how it came, the text that names it, and what it was made by."""

    kind: Kind
    name: str
    source: ast.expr | None = None


def holder_of(owner: ast.expr, file: SourceFile, depth: int = _DEPTH) -> Holder:
    """The connection or session behind what a query is called on, cursors looked through."""
    if depth <= 0:
        return Holder("unknown", "")
    match owner:
        case ast.Await(value=inner) | ast.NamedExpr(value=inner):
            return holder_of(inner, file, depth - 1)
        case ast.Call(func=ast.Attribute(attr="cursor", value=inner)):
            return holder_of(inner, file, depth - 1)
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return _kept(owner, file, depth)
        case ast.Name():
            return _named(owner, file, depth)
        case _:
            return Holder("unknown", "")


def _kept(owner: ast.Attribute, file: SourceFile, depth: int) -> Holder:
    for value in file.values(owner):
        inner = value.value if isinstance(value, ast.Await) else value
        if isinstance(inner, ast.Call):
            if isinstance(inner.func, ast.Attribute) and inner.func.attr == "cursor":
                return holder_of(inner.func.value, file, depth - 1)
            made = _made_by(inner, file)
            if made in {"opened", "commits"}:
                return Holder("kept" if made == "opened" else "commits", file.source(owner), inner)
    return Holder("unknown", file.source(owner))


def _named(name: ast.Name, file: SourceFile, depth: int) -> Holder:
    bindings = file.names.reaching(name)
    if not bindings:
        return Holder("unknown", name.id)
    binding = bindings[-1]
    if binding.kind == "argument":
        return _parameter(binding, file)
    value = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
    if not isinstance(value, ast.Call):
        if (
            value is not None
            and binding.kind == "assign"
            and isinstance(value, (ast.Name, ast.Attribute))
        ):
            return holder_of(value, file, depth - 1)
        return Holder("unknown", name.id)
    if isinstance(value.func, ast.Attribute) and value.func.attr == "cursor":
        return holder_of(value.func.value, file, depth - 1)
    if binding.kind == "with" and isinstance(item := file.parent(value), ast.withitem):
        if is_committing_block(item, file):
            return Holder("commits", name.id)
        if _last(value.func) in {"closing", "aclosing", "enter_context"} and value.args:
            inner = value.args[0]
            value = inner if isinstance(inner, ast.Call) else value
    if binding.kind not in {"with", "assign", "for"}:
        return Holder("unknown", name.id)
    made = _made_by(value, file)
    if made == "opened" and isinstance(binding.scope, ast.Module):
        made = "global"
    return Holder(made, name.id, value)


def _made_by(call: ast.Call, file: SourceFile) -> Kind:
    """What a call that gives a connection means for who has to commit."""
    if any(keyword.arg in _OWN_MODE or keyword.arg is None for keyword in call.keywords):
        return "commits"
    name = file.qualified_name(call.func) or ""
    if name.startswith(_OWN_COMMITS):
        return "commits"
    if name in CONNECT:
        given = file.argument(call, 0, "database")
        in_memory = given is not None and file.literal(given) == ":memory:"
        return "commits" if in_memory or _is_read_only(given, file) else "opened"
    project = file.project
    if project is None or name not in project.functions:
        begins = name.rsplit(".", 1)[-1] in {"begin", "begin_nested", "transaction"}
        return "commits" if begins else "unknown"
    if project.database.commits(name):
        return "commits"
    return "opened" if project.database.opens(name) else "unknown"


def _is_read_only(given: ast.expr | None, file: SourceFile) -> bool:
    """`file:{path}?mode=ro`: what is written there goes to temporary tables."""
    text = file.text_of(given) if given is not None else None
    return text is not None and "mode=ro" in text.with_holes()


def _parameter(binding: Binding, file: SourceFile) -> Holder:
    function = binding.scope
    if not isinstance(function, FUNCTIONS) or file.route(function) is None or file.project is None:
        return Holder("given", binding.name)
    annotated = file.annotation(binding.annotation) if binding.annotation else None
    if annotated is not None and annotated not in SQLITE_OWNERS | SQLALCHEMY_OWNERS:
        return Holder("unknown", binding.name)
    return Holder(_by_dependency(function, file), binding.name)


def _by_dependency(function: FunctionNode, file: SourceFile) -> Kind:
    """`asked for` when all dependencies of a route are known and none of them commits."""
    assert file.project is not None
    database = file.project.database
    waiting = list(database.dependencies(file.defined.name_of(function)))
    if not waiting:
        return "unknown"
    seen: set[str] = set()
    opens = False
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in file.project.classes:
            continue
        if name not in file.project.functions:
            return "unknown"
        if database.commits(name):
            return "commits"
        opens = opens or database.opens(name)
        waiting.extend(database.dependencies(name))
    return "asked for" if opens else "unknown"


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
