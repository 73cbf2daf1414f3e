"""Who binds which name where: the scopes of one file."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.nodes import Nodes

type FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
type Scope = (
    ast.Module
    | ast.ClassDef
    | ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.Lambda
    | ast.ListComp
    | ast.SetComp
    | ast.DictComp
    | ast.GeneratorExp
)
type Parameters = list[tuple[ast.arg, ast.expr | None]]
type Kind = Literal[
    "assign", "unpack", "import", "argument", "function", "class", "with", "for", "except", "other"
]

_PLACE = attrgetter("line", "column")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NESTING = frozenset({ast.Tuple, ast.List, ast.Starred})
_NOTHING: list[Binding] = []


@dataclass(slots=True, eq=False)
class Binding:
    """One place that gives a name a meaning.

    `value` is what the name is bound to or taken from: the assigned expression, the iterable of
    a `for`, the context manager of a `with`, the default of an argument. `target` is, for an
    import, the dotted name that was imported.
    """

    name: str
    node: ast.AST
    scope: Scope
    kind: Kind
    line: int
    column: int
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    target: str = ""


class Regions:
    """Which stretch of a file's nodes, in the order of the text, is evaluated in which scope.

    Scopes nest, so where one begins or ends another takes over: from each of `starts` to the next
    the scope at the same place of `scopes` holds. `outer` is the scope around each one.
    """

    def __init__(self, nodes: Nodes) -> None:
        self.starts = [0]
        self.scopes: list[Scope] = [nodes.tree]
        self.outer: dict[Scope, Scope] = {}
        open_: list[tuple[int, Scope]] = [(len(nodes.order), nodes.tree)]
        for start, end, scope in sorted(_stretches(nodes), key=itemgetter(0)):
            self._end(open_, start)
            self._begin(start, scope)
            self.outer[scope] = open_[-1][1]
            open_.append((end, scope))
        self._end(open_, len(nodes.order) - 1)

    def _begin(self, start: int, scope: Scope) -> None:
        self.starts.append(start)
        self.scopes.append(scope)

    def _end(self, open_: list[tuple[int, Scope]], until: int) -> None:
        """Go back to the scope around each one that ends there or before."""
        while open_[-1][0] <= until:
            end, _ = open_.pop()
            self._begin(end, open_[-1][1])


def _stretches(nodes: Nodes) -> Iterator[tuple[int, int, Scope]]:
    """Where what a scope evaluates begins and ends; decorators and defaults are not inside."""
    for kind in (*FUNCTIONS, ast.ClassDef):
        for scope in nodes.of(kind):
            yield nodes.positions[scope.body[0]], nodes.end(scope.body[-1]), scope
    for scope in nodes.of(ast.Lambda):
        yield nodes.positions[scope.body], nodes.end(scope.body), scope
    for kind in COMPREHENSIONS:
        for scope in nodes.of(kind):
            yield nodes.positions[scope] + 1, nodes.end(scope), scope


class Scopes:
    """The bindings of one file, by scope and name."""

    def __init__(self, nodes: Nodes, module: str, *, is_package: bool) -> None:
        self._nodes = nodes
        self._module = module
        self._is_package = is_package
        self._table: dict[Scope, dict[str, list[Binding]]] = defaultdict(dict)
        self._elsewhere: dict[tuple[Scope, str], Literal["global", "nonlocal"]] = {}
        self._global: set[str] = set()
        self._visible: dict[Scope, list[dict[str, list[Binding]]]] = {}
        self._regions = Regions(nodes)
        self._starts, self._positions = self._regions.starts, nodes.positions
        self._outer = self._regions.outer
        self._functions: dict[Scope, FunctionNode | None] = {}
        self._reaching: dict[ast.Name, list[Binding]] = {}
        self._collect()

    def of(self, node: ast.AST) -> Scope:
        """The scope in which the node is evaluated."""
        place = bisect_right(self._starts, self._positions.get(node, 0))
        return self._regions.scopes[place - 1]

    def outer(self, scope: Scope) -> Scope | None:
        """The scope around another one; None for the module."""
        return self._outer.get(scope)

    def function_of(self, scope: Scope) -> FunctionNode | None:
        """The `def` whose call evaluates what is in the scope: itself or the nearest around it."""
        if scope not in self._functions:
            current: Scope | None = scope
            while current is not None and not isinstance(current, FUNCTIONS):
                current = self.outer(current)
            self._functions[scope] = current
        return self._functions[scope]

    def in_scope(self, scope: Scope) -> dict[str, list[Binding]]:
        """Every name that the scope binds, with its bindings in the order of the text."""
        return self._table.get(scope, {})

    def lookup(self, name: str, scope: Scope) -> list[Binding]:
        """The bindings that a use of `name` in `scope` can mean, of the nearest scope with any."""
        if name in self._global and self._is_global(name, scope):
            return self.in_scope(self._nodes.tree).get(name, _NOTHING)
        visible = self._visible.get(scope)
        if visible is None:
            visible = self._visible[scope] = self._seen_from(scope)
        for names in visible:
            if (found := names.get(name)) is not None:
                return found
        return _NOTHING

    def _seen_from(self, scope: Scope) -> list[dict[str, list[Binding]]]:
        """The names of a scope and of those around it, nearest first, as far as they bind any."""
        visible = [self._table[scope]] if scope in self._table else []
        current = self._outer.get(scope)
        while current is not None:
            if current in self._table and current.__class__ is not ast.ClassDef:
                visible.append(self._table[current])
            current = self._outer.get(current)
        return visible

    def _is_global(self, name: str, scope: Scope) -> bool:
        """Whether the nearest scope that has anything to say of a name calls it global."""
        current: Scope | None = scope
        while current is not None:
            if self._elsewhere.get((current, name)) == "global":
                return True
            if name in self.in_scope(current) and (
                current is scope or current.__class__ is not ast.ClassDef
            ):
                return False
            current = self._outer.get(current)
        return False

    def reaching(self, name: ast.Name) -> list[Binding]:
        """The bindings that this use can mean, the likeliest last.

        In the scope of the use itself only what stands before it counts, if anything does.
        """
        found = self._reaching.get(name)
        if found is None:
            found = self._reaching[name] = self._before(name)
        return found

    def _before(self, name: ast.Name) -> list[Binding]:
        scope = self.of(name)
        bindings = self.lookup(name.id, scope)
        if len(bindings) < 2 or bindings[0].scope is not scope:
            return bindings
        here = (name.lineno, name.col_offset)
        before = [found for found in bindings if _available_at(found) <= here]
        return before or bindings

    def _collect(self) -> None:
        for binding in self._bindings():
            self._table[binding.scope].setdefault(binding.name, []).append(binding)
        for names in self._table.values():
            for bindings in names.values():
                if len(bindings) > 1:
                    bindings.sort(key=_PLACE)

    def _bindings(self) -> Iterator[Binding]:
        nodes = self._nodes
        for statement in (*nodes.of(ast.Global), *nodes.of(ast.Nonlocal)):
            word = "global" if isinstance(statement, ast.Global) else "nonlocal"
            for name in statement.names:
                self._elsewhere[self.of(statement), name] = word
            if word == "global":
                self._global.update(statement.names)
        for name in nodes.of(ast.Name):
            if name.ctx.__class__ is not ast.Load:
                yield self._stored(name)
        for statement in (*nodes.of(ast.Import), *nodes.of(ast.ImportFrom)):
            yield from self._imported(statement)
        for function in (*nodes.of(ast.FunctionDef), *nodes.of(ast.AsyncFunctionDef)):
            yield self._named(function, "function")
            yield from _arguments(function)
        for function in nodes.of(ast.Lambda):
            yield from _arguments(function)
        for class_ in nodes.of(ast.ClassDef):
            yield self._named(class_, "class")
        for handler in nodes.of(ast.ExceptHandler):
            if handler.name:
                yield self._plain(handler, handler.name, "except", handler.type)
        for capture in (*nodes.of(ast.MatchAs), *nodes.of(ast.MatchStar)):
            if capture.name:
                yield self._plain(capture, capture.name, "other")

    def _named(self, node: FunctionNode | ast.ClassDef, kind: Kind) -> Binding:
        return Binding(node.name, node, self.of(node), kind, node.lineno, node.col_offset)

    def _plain(
        self,
        node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar,
        name: str,
        kind: Kind,
        value: ast.expr | None = None,
    ) -> Binding:
        return Binding(name, node, self.of(node), kind, node.lineno, node.col_offset, value)

    def _stored(self, name: ast.Name) -> Binding:
        parents = self._nodes.parents
        child: ast.AST = name
        holder = parents[name]
        nested = False
        while holder.__class__ in _NESTING:
            child, holder, nested = holder, parents[holder], True
        scope = self.of(name)
        if holder.__class__ is ast.NamedExpr:
            while isinstance(scope, COMPREHENSIONS):
                scope = self.of(scope)
        if self._elsewhere:
            scope = self._declared(scope, name.id)
        kind, value, annotation = _meaning(holder, child)
        if nested and kind in {"assign", "with"}:
            kind = "unpack"
        return Binding(name.id, name, scope, kind, name.lineno, name.col_offset, value, annotation)

    def _declared(self, scope: Scope, name: str) -> Scope:
        """Where an assignment goes when the scope says `global` or `nonlocal`."""
        word = self._elsewhere.get((scope, name))
        if word == "global":
            return self._nodes.tree
        if word == "nonlocal" and (outer := self.outer(scope)) is not None:
            return outer
        return scope

    def _imported(self, statement: ast.Import | ast.ImportFrom) -> Iterator[Binding]:
        scope = self.of(statement)
        prefix = ""
        if isinstance(statement, ast.ImportFrom):
            prefix = self.absolute(statement) + "."
        for alias in statement.names:
            bound = alias.asname or (alias.name if prefix else alias.name.split(".")[0])
            target = prefix + alias.name if prefix or alias.asname else bound
            yield Binding(
                bound, statement, scope, "import", statement.lineno, alias.col_offset, target=target
            )

    def absolute(self, statement: ast.ImportFrom) -> str:
        """The dotted name of the module that a `from` import names, relative ones resolved."""
        if not statement.level:
            return statement.module or ""
        parts = self._module.split(".")
        keep = len(parts) - statement.level + (1 if self._is_package else 0)
        base = ".".join(parts[: max(keep, 0)])
        return ".".join(part for part in (base, statement.module) if part)


def _available_at(binding: Binding) -> tuple[int, int]:
    """From which position on a binding holds: an assignment only after its value."""
    if binding.kind in {"assign", "unpack"} and binding.value is not None:
        value = binding.value
        return (value.end_lineno or value.lineno, value.end_col_offset or value.col_offset)
    return (binding.line, binding.column)


def _meaning(holder: ast.AST, child: ast.AST) -> tuple[Kind, ast.expr | None, ast.expr | None]:
    """Kind, value and annotation of a name stored directly under `holder`."""
    match holder:
        case ast.Assign(value=value) | ast.NamedExpr(value=value):
            return "assign", value, None
        case ast.AnnAssign(value=value, annotation=annotation):
            return "assign", value, annotation
        case ast.withitem(context_expr=value):
            return "with", value, None
        case ast.For(iter=value) | ast.AsyncFor(iter=value) | ast.comprehension(iter=value):
            return "for", value, None
        case ast.TypeAlias(name=name, value=value) if name is child:
            return "assign", value, None
        case _:
            return "other", None, None


def _arguments(function: FunctionNode | ast.Lambda) -> Iterator[Binding]:
    for argument, default in parameters(function):
        yield Binding(
            argument.arg,
            argument,
            function,
            "argument",
            argument.lineno,
            argument.col_offset,
            default,
            argument.annotation,
        )


def parameters(function: FunctionNode | ast.Lambda) -> Parameters:
    """Every parameter of a function with its default, in the order of the signature."""
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    required = len(positional) - len(arguments.defaults)
    found: Parameters = [(argument, None) for argument in positional[:required]]
    if arguments.defaults:
        found += zip(positional[required:], arguments.defaults, strict=True)
    if arguments.vararg:
        found.append((arguments.vararg, None))
    if arguments.kwonlyargs:
        found += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    if arguments.kwarg:
        found.append((arguments.kwarg, None))
    return found


def promises_items(function: ast.AST) -> bool:
    """Whether a function without a body says that those who fill it in will yield."""
    if not isinstance(function, ast.AsyncFunctionDef) or function.returns is None:
        return False
    kind = function.returns.value if isinstance(function.returns, ast.Subscript) else None
    name = getattr(kind, "attr", getattr(kind, "id", ""))
    last = function.body[-1]
    is_stub = isinstance(last, (ast.Pass, ast.Raise)) or (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)
    )
    return is_stub and name in {"AsyncGenerator", "AsyncIterator", "AsyncIterable"}
