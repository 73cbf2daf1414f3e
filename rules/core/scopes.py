"""Who binds which name where: the scopes of one file."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
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
type Kind = Literal[
    "assign", "unpack", "import", "argument", "function", "class", "with", "for", "except", "other"
]

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BODY_TYPES = frozenset({ast.ClassDef, *FUNCTIONS})
_SCOPE_TYPES = frozenset({ast.Module, ast.Lambda, *COMPREHENSIONS}) | _BODY_TYPES


@dataclass(frozen=True, slots=True, eq=False)
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


class Scopes:
    """The bindings of one file, by scope and name."""

    def __init__(self, nodes: Nodes, module: str, *, is_package: bool) -> None:
        self._nodes = nodes
        self._module = module
        self._is_package = is_package
        self._table: dict[Scope, dict[str, list[Binding]]] = defaultdict(dict)
        self._elsewhere: dict[tuple[Scope, str], Literal["global", "nonlocal"]] = {}
        self._collect()

    def of(self, node: ast.AST) -> Scope:
        """The scope in which the node is evaluated."""
        parents = self._nodes.parents
        child, parent = node, parents.get(node)
        while parent is not None:
            if parent.__class__ in _SCOPE_TYPES and _is_inside(child, parent):
                return parent  # pyright: ignore[reportReturnType] its class is one of the scopes
            child, parent = parent, parents.get(parent)
        return self._nodes.tree

    def in_scope(self, scope: Scope) -> dict[str, list[Binding]]:
        """Every name that the scope binds, with its bindings in the order of the text."""
        return self._table.get(scope, {})

    def lookup(self, name: str, scope: Scope) -> list[Binding]:
        """The bindings that a use of `name` in `scope` can mean, of the nearest scope with any."""
        current: Scope | None = scope
        while current is not None:
            if self._elsewhere.get((current, name)) == "global":
                return self.in_scope(self._nodes.tree).get(name, [])
            if (found := self.in_scope(current).get(name)) and not (
                current is not scope and isinstance(current, ast.ClassDef)
            ):
                return found
            current = self._outer(current)
        return []

    def _outer(self, scope: Scope) -> Scope | None:
        return None if isinstance(scope, ast.Module) else self.of(scope)

    def _collect(self) -> None:
        for binding in self._bindings():
            self._table[binding.scope].setdefault(binding.name, []).append(binding)
        for names in self._table.values():
            for bindings in names.values():
                if len(bindings) > 1:
                    bindings.sort(key=lambda binding: (binding.line, binding.column))

    def _bindings(self) -> Iterator[Binding]:
        nodes = self._nodes
        for statement in (*nodes.of(ast.Global), *nodes.of(ast.Nonlocal)):
            word = "global" if isinstance(statement, ast.Global) else "nonlocal"
            for name in statement.names:
                self._elsewhere[self.of(statement), name] = word
        for name in nodes.of(ast.Name):
            if not isinstance(name.ctx, ast.Load):
                yield from self._stored(name)
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

    def _stored(self, name: ast.Name) -> Iterator[Binding]:
        parents = self._nodes.parents
        child: ast.AST = name
        holder = parents[name]
        nested = False
        while isinstance(holder, (ast.Tuple, ast.List, ast.Starred)):
            child, holder, nested = holder, parents[holder], True
        scope = self.of(name)
        if isinstance(holder, ast.NamedExpr):
            while isinstance(scope, COMPREHENSIONS):
                scope = self.of(scope)
        scope = self._declared(scope, name.id)
        kind, value, annotation = _meaning(holder, child)
        if nested and kind in {"assign", "with"}:
            kind = "unpack"
        yield Binding(name.id, name, scope, kind, name.lineno, name.col_offset, value, annotation)

    def _declared(self, scope: Scope, name: str) -> Scope:
        """Where an assignment goes when the scope says `global` or `nonlocal`."""
        word = self._elsewhere.get((scope, name))
        if word == "global":
            return self._nodes.tree
        if word == "nonlocal" and (outer := self._outer(scope)) is not None:
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


def _is_inside(child: ast.AST, scope: ast.AST) -> bool:
    """Whether a child of a scope's node is evaluated in that scope and not around it."""
    if scope.__class__ in _BODY_TYPES:
        return isinstance(child, ast.stmt)
    return not isinstance(scope, ast.Lambda) or child is scope.body


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


def parameters(function: FunctionNode | ast.Lambda) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Every parameter of a function with its default, in the order of the signature."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    yield from zip(positional, [*missing, *arguments.defaults], strict=True)
    if arguments.vararg:
        yield arguments.vararg, None
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    if arguments.kwarg:
        yield arguments.kwarg, None
