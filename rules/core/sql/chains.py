"""Queries built with SQLAlchemy: chains of `select(X).where(...).order_by(...)` and their parts."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.core.schema.columns import last_name
from rules.core.schema.facts import StatementFacts
from rules.core.sql.conditions import Conditions, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.names import Names
    from rules.core.scopes import Scope
    from rules.core.source import SourceFile

_BUILDERS = frozenset({"select", "update", "delete"})
_MODULES = ("sqlalchemy", "sqlmodel")
_SESSIONS = frozenset({"session", "sess", "db", "db_session", "dbsession", "s", "_session"})
_IGNORED = frozenset({
    "options", "with_for_update", "distinct", "execution_options", "returning", "values", "offset",
    "scalar_subquery", "subquery", "label", "correlate", "all", "count", "scalars", "params",
    "unique", "add_columns", "with_entities", "column", "prefix_with", "yield_per", "columns",
    "populate_existing", "as_scalar", "enable_eagerloads", "delete", "update", "exists", "having",
    "group_by", "cte", "with_only_columns", "autoflush", "from_statement",
})  # fmt: skip
_HOLDERS = frozenset({
    "in_", "not_in", "notin_", "union", "union_all", "where", "filter", "exists", "and_", "or_", "not_",
    "any", "has", "join", "outerjoin", "values", "select", "case", "insert", "from_select",
})  # fmt: skip
"""Calls whose argument is a part of another query, whose tables it can mean."""
_ONE = frozenset({"first", "one", "one_or_none", "scalar", "limit", "fetch", "scalar_one"})


@dataclass(slots=True, eq=False)
class Statement:
    """A query of one file: what it asks, and the expression at which it begins."""

    node: ast.expr
    facts: StatementFacts


def statements(file: SourceFile) -> list[Statement]:
    """The queries that a file builds on models, in the order of the text; found once."""
    return file.memo("chains", lambda: list(chains(file, file.names)))


def chains(file: SourceFile, names: Names) -> Iterator[Statement]:
    """The same, names resolved by `names`."""
    wanted = (_BUILDERS | {"query", "filter", "filter_by"}) & file.called_names
    if not wanted or not (file.imports(*_MODULES) or "query" in file.text):
        return
    starts = [call for name in sorted(wanted) for call in file.calls(name) if _starts(file, call)]
    for call in sorted(starts, key=lambda call: (call.lineno, call.col_offset)):
        try:
            yield Statement(call, _Chain(file, names).read(call))
        except Unreadable:
            continue


def _starts(file: SourceFile, call: ast.Call) -> bool:
    """Whether a query begins with this call: `select(X)`, `session.query(X)`, `X.query.filter()`."""
    name = last_name(call.func)
    if name in _BUILDERS:
        qualified = file.qualified_name(call.func) or ""
        return qualified.startswith(_MODULES) and not _is_inside_query(file, call)
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = call.func.value
    if name == "query":
        return last_name(owner).lower() in _SESSIONS and bool(call.args)
    return isinstance(owner, ast.Attribute) and owner.attr == "query"


def _is_inside_query(file: SourceFile, call: ast.Call) -> bool:
    """Whether a select is a part of another query: its plan is that of the whole."""
    child: ast.AST = call
    for parent in file.ancestors(call):
        if isinstance(parent, (ast.stmt, ast.Lambda)):
            return False
        if isinstance(parent, ast.Call) and child is not parent.func:  # noqa: SIM102 types
            if last_name(parent.func) in _HOLDERS:
                return True
        child = parent
    return False


@dataclass(slots=True, eq=False)
class _Chain:
    """One query while it is read."""

    file: SourceFile
    names: Names
    entities: dict[str, str] = field(default_factory=dict[str, str])
    sources: set[str] = field(default_factory=set[str])
    joins: list[tuple[str, str, bool]] = field(default_factory=list[tuple[str, str, bool]])
    conditions: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    order: list[str] = field(default_factory=list[str])
    limited: bool = False
    main: str = ""

    def read(self, start: ast.Call) -> StatementFacts:
        """The facts of the query that begins with this call. Raises `Unreadable`."""
        verb = self._begin(start)
        self.sources.update(self.entities.values())
        end = self._follow(start, certain=True)
        for value, certain in self._later(start, end):
            self._follow(value, certain=certain)
        function = self.file.enclosing_function(start)
        return StatementFacts(
            start.lineno,
            self.file.defined.name_of(function) if function else self.file.module,
            verb,
            tuple((alias, model) for model, alias in self.entities.items()),
            tuple(sorted(self.sources)),
            tuple(self.joins),
            tuple(self.conditions),
            tuple(self.order),
            self.limited,
        )

    def alias(self, model: str) -> str:
        """The alias of a model in this query."""
        return self.entities.setdefault(model, f"t{len(self.entities)}")

    def _begin(self, start: ast.Call) -> str:
        reader = Conditions(self.file, self.names, self.alias)
        name = last_name(start.func)
        if name in {"filter", "filter_by"} and isinstance(start.func, ast.Attribute):
            owner = start.func.value
            model = reader.model(owner.value) if isinstance(owner, ast.Attribute) else None
            if model is None:
                raise Unreadable
            self.main = self.alias(model)
            self._step(name, start, certain=True)
            return "select"
        for argument in start.args:
            reader.mention(argument)
        if start.args and (model := reader.owner(start.args[0])) is not None:
            self.main = self.alias(model)
        return name if name in _BUILDERS else "select"

    def _follow(self, call: ast.expr, *, certain: bool) -> ast.expr:
        """Read the methods called on a query, and give the outermost call."""
        current = call
        while isinstance(attribute := self.file.parent(current), ast.Attribute):
            outer = self.file.parent(attribute)
            if not isinstance(outer, ast.Call) or outer.func is not attribute:
                break
            self._step(attribute.attr, outer, certain=certain)
            current = outer
        return current

    def _step(self, method: str, call: ast.Call, *, certain: bool) -> None:
        reader = Conditions(self.file, self.names, self.alias)
        match method:
            case "where" | "filter":
                for argument in call.args:
                    self.conditions.extend((text, certain) for text in reader.conjuncts(argument))
            case "filter_by":
                if not self.main or any(word.arg is None for word in call.keywords):
                    raise Unreadable
                for word in call.keywords:
                    text = reader.compared(f"{{{self.main}.{word.arg}}}", word.value)
                    self.conditions.append((text, certain))
            case "join" | "outerjoin":
                self._join(reader, call, outer=method == "outerjoin" or bool(call.keywords))
            case "select_from":
                self._select_from(reader, call)
            case "order_by":
                self.order.extend(reader.ordered(argument) for argument in call.args)
            case _ if method in _ONE:
                self.limited = True
            case _ if method in _IGNORED:
                if method in {"group_by", "count", "exists"}:
                    self.order.clear()
            case _:
                raise Unreadable

    def _select_from(self, reader: Conditions, call: ast.Call) -> None:
        model = reader.model(call.args[0]) if call.args else None
        if model is None:
            raise Unreadable
        self.main = self.alias(model)
        self.sources.add(self.main)

    def _join(self, reader: Conditions, call: ast.Call, *, outer: bool) -> None:
        model = reader.model(call.args[0]) if call.args else None
        if model is None or self.main == "":
            raise Unreadable
        alias = self.alias(model)
        condition = reader.condition(call.args[1]) if len(call.args) > 1 else ""
        self.joins.append((alias, condition, outer))

    def _later(self, start: ast.Call, end: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
        """Where the query is built further: `query = query.where(...)`, and whether always."""
        statement = self.file.parent(end)
        if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
            return
        name = statement.targets[0].id
        scope = self.file.scopes.of(start)
        for binding in self.file.scopes.in_scope(scope).get(name, []):
            if binding.value is end or binding.line < statement.lineno:
                continue
            if binding.value is None or not (root := _root(binding.value, name)):
                if binding.value is not None and _begins_anew(binding.value):
                    return
                raise Unreadable
            always = self._is_beside(statement, binding.value)
            yield root, always
        if (last := self._built_where_run(statement, name, scope)) is not None:
            yield last, self._is_beside(statement, last)

    def _built_where_run(self, first: ast.stmt, name: str, scope: Scope) -> ast.expr | None:
        """The query in `session.scalars(query.limit(10))`, if that is the only place of its kind."""
        found = [
            node
            for node in self._mentions.get(name, ())
            if node.lineno > first.lineno
            and isinstance(self.file.parent(node), ast.Attribute)
            and self.file.scopes.of(node) is scope
            and not self._is_assigned(node, name)
        ]
        return found[0] if len(found) == 1 else None

    @property
    def _mentions(self) -> dict[str, list[ast.Name]]:
        """Every name of the file by its text."""

        def collect() -> dict[str, list[ast.Name]]:
            found: dict[str, list[ast.Name]] = {}
            for node in self.file.of(ast.Name):
                found.setdefault(node.id, []).append(node)
            return found

        return self.file.memo("chains.names", collect)

    def _is_assigned(self, node: ast.expr, name: str) -> bool:
        match self.file.statement(node):
            case ast.Assign(targets=[ast.Name(id=target)]):
                return target == name
            case _:
                return False

    def _is_beside(self, first: ast.stmt, later: ast.expr) -> bool:
        """Whether both stand in the same block."""
        return self.file.parent(self.file.statement(later)) is self.file.parent(first)


def _root(node: ast.expr, name: str) -> ast.expr | None:
    """The name at the beginning of `query.where(a).limit(b)`."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) and node.id == name else None


def _begins_anew(node: ast.expr) -> bool:
    while isinstance(node, (ast.Call, ast.Attribute, ast.Await)):
        if isinstance(node, ast.Call) and last_name(node.func) in _BUILDERS | {"query"}:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False
