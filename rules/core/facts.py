"""What the rest of the project needs to know of one file: a pure function of its text and path."""

from __future__ import annotations

import ast
import hashlib
import marshal
import sys
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from rules.core.flow.facts import PassedFact, SinkFact, passed_of, sinks_of
from rules.core.names import Names
from rules.core.schema.extraction import schema_facts_of
from rules.core.schema.facts import SchemaFacts, rebuilt
from rules.core.scopes import COMPREHENSIONS, FUNCTIONS, Binding, promises_items
from rules.core.sql.facts import SqlFacts, pragmas_of, sql_facts_of
from rules.core.sql.queries import is_in_memory, table_verb
from rules.core.web.facts import IncludeFacts, Place, RouteFacts, RouterFacts, WebExtraction
from rules.core.web.routes import dependencies_of
from rules.tables.effects import effects_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.scopes import FunctionNode, Scope
    from rules.core.source import SourceFile

VERSION = 20
"""Raised whenever the facts of the same file would come out differently."""

_TESTED = (ast.If, ast.IfExp, ast.While)
_GUARDS = frozenset({*_TESTED, ast.ExceptHandler, ast.match_case})
_STANDARD = frozenset(sys.stdlib_module_names)
_DIGEST = 16


class CallFact(NamedTuple):
    """A call that one function makes. `callee` is as the file alone resolves it.

    `guarded` says that a condition or an earlier `return` can keep it from being made, `dropped`
    that nobody takes what it gives.
    """

    callee: str
    line: int
    awaited: bool
    handed_off: bool
    in_loop: bool
    guarded: bool
    dropped: bool


class EffectFact(NamedTuple):
    """Something that a function does by itself: `blocking`, `query`, `client`, `refusal`, with its name."""

    kind: str
    name: str
    line: int
    in_loop: bool
    guarded: bool


class FunctionFacts(NamedTuple):
    """One function. `returns` is the class that its annotation names; `calls` are made by it."""

    name: str
    line: int
    is_async: bool
    is_generator: bool
    returns: str
    parameters: tuple[str, ...]
    decorators: tuple[str, ...]
    depends: tuple[str, ...]
    calls: tuple[CallFact, ...]
    effects: tuple[EffectFact, ...]
    taken: tuple[str, ...] = ()
    """Path parameters that it takes beside those named like its own, `*` for any of them."""


class ClassFacts(NamedTuple):
    """One class: its bases and what its attributes are, as dotted names.

    What a container holds stands beside it, as the attribute `<name>[]`.
    """

    name: str
    line: int
    bases: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]


class ImportFacts(NamedTuple):
    """One import.

    `lazy` when it runs in a function, only for type checkers, only in a script, or below the first
    definition, where it stands on purpose.
    """

    target: str
    line: int
    lazy: bool


class ModuleFacts(NamedTuple):
    """One file. `exports` maps each name of the module to what it was imported from or is."""

    path: str
    module: str
    exports: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    functions: tuple[FunctionFacts, ...] = ()
    classes: tuple[ClassFacts, ...] = ()
    routes: tuple[RouteFacts, ...] = ()
    routers: tuple[RouterFacts, ...] = ()
    includes: tuple[IncludeFacts, ...] = ()
    imports: tuple[ImportFacts, ...] = ()
    dependencies: tuple[str, ...] = ()
    annotated: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Aliases such as `SessionDep = Annotated[Session, Depends(open_session)]`: what they ask for."""
    pragmas: tuple[str, ...] = ()
    texts: tuple[tuple[str, int], ...] = ()
    """SQL texts that define or configure a database, with their lines."""
    sql: SqlFacts = SqlFacts()
    schema: SchemaFacts = SchemaFacts()
    environment: int = 0
    """The line in which the file first reads an environment variable, 0 for none."""
    sinks: tuple[SinkFact, ...] = ()
    passed: tuple[PassedFact, ...] = ()

    def dumps(self) -> bytes:
        """Bytes for a cache; `loads` refuses them when they were damaged."""
        data = marshal.dumps(_plain(self))
        return hashlib.blake2b(data, digest_size=_DIGEST).digest() + data

    @classmethod
    def loads(cls, data: bytes) -> ModuleFacts | None:
        """The facts that `dumps` wrote, or None when the bytes are not what it wrote."""
        digest, rest = data[:_DIGEST], data[_DIGEST:]
        if hashlib.blake2b(rest, digest_size=_DIGEST).digest() != digest:
            return None
        raw: tuple[Any, ...] = marshal.loads(rest)  # noqa: S302 only our own passes the digest
        made = cls._make(raw)
        return made._replace(
            functions=tuple(map(_function, made.functions)),
            classes=tuple(map(ClassFacts._make, made.classes)),
            routes=tuple(map(_route, made.routes)),
            routers=tuple(map(RouterFacts._make, made.routers)),
            includes=tuple(map(_include, made.includes)),
            imports=tuple(map(ImportFacts._make, made.imports)),
            sinks=tuple(map(SinkFact._make, made.sinks)),
            passed=tuple(map(PassedFact._make, made.passed)),
            sql=SqlFacts._make(made.sql),
            schema=rebuilt(made.schema),
        )


def facts_of(file: SourceFile) -> ModuleFacts:
    """Extract the facts of one file; nothing outside the file is asked."""
    return _Extraction(file).facts()


class _Symbolic:
    """Stands for the rest of the project where nothing of it is known: `f()` is what f returns."""

    def canonical(self, name: str) -> str:
        return name

    def returns(self, name: str) -> str | None:
        return f"{name}()" if "." in name else None

    def attribute(self, owner: str, name: str) -> str | None:  # noqa: ARG002 part of the protocol
        return None


class _Extraction:
    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.names = Names(file.defined, file.scopes, _Symbolic())
        self.web = WebExtraction(file, self.names)

    def facts(self) -> ModuleFacts:
        file = self.file
        exports, variables = self._module_names()
        return ModuleFacts(
            path=file.path,
            module=file.module,
            exports=tuple(exports),
            variables=tuple(variables),
            functions=tuple(self._functions()),
            classes=tuple(self._class(class_) for class_ in file.of(ast.ClassDef)),
            routes=tuple(self.web.routes()),
            routers=tuple(self.web.routers()),
            includes=tuple(self.web.includes()),
            imports=tuple(self._imports()),
            dependencies=tuple(sorted(dependencies_of(self.file))),
            annotated=tuple(self.web.aliases()),
            environment=self._environment(),
            sinks=tuple(dict.fromkeys(sinks_of(file))),
            passed=tuple(passed_of(file, self.names)),
            pragmas=pragmas_of(file),
            sql=sql_facts_of(file),
            schema=schema_facts_of(file, self.names),
        )

    def _module_names(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        exports: list[tuple[str, str]] = []
        variables: list[tuple[str, str]] = []
        for name, bindings in self.file.scopes.in_scope(self.file.tree).items():
            binding = bindings[-1]
            if binding.kind == "import":
                exports.append((name, binding.target))
            elif binding.kind in {"assign", "with"} and (found := self._variable(binding)):
                variables.append((name, found))
        return exports, variables

    def _variable(self, binding: Binding) -> str | None:
        return self.names.of_binding(binding)

    def _functions(self) -> Iterator[FunctionFacts]:
        calls: dict[FunctionNode, dict[tuple[str, bool, bool, bool, bool], CallFact]] = {}
        effects: dict[FunctionNode, list[EffectFact]] = {}
        known: dict[str, tuple[tuple[str, ...], bool]] = {}
        tables = {call for call in self.file.calls("execute") if table_verb(call) == "select"}
        for call in self.file.of(ast.Call):
            name = self.names.of(call.func)
            asks = call in tables
            if name is None and not asks:
                continue
            name = name or "execute"
            if (told := known.get(name)) is None:
                told = known[name] = (effects_of(name), self._may_be_ours(name))
            kinds, ours = (("query",), told[1]) if asks else told
            if not (kinds or ours) or (function := self._runs_in(call)) is None:
                continue
            handed_off = self.file.handed_to_thread(call)
            in_loop = self.file.enclosing_loop(call) is not None
            guarded = self._is_guarded(call, function)
            if kinds and not handed_off and not is_in_memory(call, self.file):
                found = (EffectFact(kind, name, call.lineno, in_loop, guarded) for kind in kinds)
                effects.setdefault(function, []).extend(found)
            if ours:
                awaited = self.file.is_awaited(call)
                dropped = isinstance(self.file.parent(call), ast.Expr)
                key = (name, awaited, handed_off, in_loop, dropped)
                fact = CallFact(name, call.lineno, awaited, handed_off, in_loop, guarded, dropped)
                calls.setdefault(function, {}).setdefault(key, fact)
        generators = self._generators()
        for function in self.file.functions:
            yield self._function(
                function,
                tuple(calls.get(function, {}).values()),
                tuple(effects.get(function, ())),
                is_generator=function in generators,
            )

    def _runs_in(self, call: ast.Call) -> FunctionNode | None:
        """The function that makes a call; None inside a lambda, which may never run."""
        scopes = self.file.scopes
        scope: Scope | None = scopes.of(call)
        while isinstance(scope, COMPREHENSIONS):
            scope = scopes.outer(scope)
        return scope if isinstance(scope, FUNCTIONS) else None

    def _is_guarded(self, call: ast.Call, function: FunctionNode) -> bool:
        parents = self.file.nodes.parents
        child, parent = call, parents.get(call)
        while parent is not None and parent is not function:
            if parent.__class__ in _GUARDS and not (
                isinstance(parent, _TESTED) and child is parent.test
            ):
                return True
            child, parent = parent, parents.get(parent)
        return self._early_returns.get(function, call.lineno) < call.lineno

    @cached_property
    def _early_returns(self) -> dict[FunctionNode | None, int]:
        """Function to the line of its first `return` that stands under a condition."""
        found: dict[FunctionNode | None, int] = {}
        for statement in self.file.of(ast.Return):
            if not isinstance(self.file.parent(statement), FUNCTIONS):
                function = self.file.enclosing_function(statement)
                found[function] = min(statement.lineno, found.get(function, statement.lineno))
        return found

    def _may_be_ours(self, name: str) -> bool:
        """Whether a callee can be defined in the project: not a builtin, not the standard library."""
        root, dot, _ = name.partition(".")
        return bool(dot) and (root not in _STANDARD or root == self.file.module.split(".")[0])

    def _generators(self) -> set[FunctionNode | None]:
        found: set[FunctionNode | None] = set()
        for kind in (ast.Yield, ast.YieldFrom):
            found.update(self.file.enclosing_function(node) for node in self.file.of(kind))
        found.update(filter(promises_items, self.file.of(ast.AsyncFunctionDef)))
        return found

    def _function(
        self,
        function: FunctionNode,
        calls: tuple[CallFact, ...],
        effects: tuple[EffectFact, ...],
        *,
        is_generator: bool,
    ) -> FunctionFacts:
        decorators = (
            self.names.of(item.func if isinstance(item, ast.Call) else item) or ""
            for item in function.decorator_list
        )
        return FunctionFacts(
            name=self.file.defined.name_of(function),
            line=function.lineno,
            is_async=isinstance(function, ast.AsyncFunctionDef),
            is_generator=is_generator,
            returns=self.names.returned(function) or "",
            parameters=tuple([argument.arg for argument, _ in self.file.parameters(function)]),
            decorators=tuple(decorators),
            depends=tuple(self.web.depends_of(function)),
            taken=tuple(self.web.taken_names(function)),
            calls=calls,
            effects=effects,
        )

    def _class(self, class_: ast.ClassDef) -> ClassFacts:
        attributes: dict[str, str] = {}
        for name, statements in self.file.defined.members(class_).items():
            for statement in statements:
                found = (
                    self.names.of_annotation(statement.annotation)
                    if isinstance(statement, ast.AnnAssign)
                    else None
                ) or (self.names.of(statement.value) if statement.value is not None else None)
                if found:
                    attributes.setdefault(name, found)
                if isinstance(statement, ast.AnnAssign) and (
                    held := self.names.of_held(statement.annotation)
                ):
                    attributes.setdefault(f"{name}[]", held)
        return ClassFacts(
            name=self.file.defined.name_of(class_),
            line=class_.lineno,
            bases=tuple(self._base(base) for base in class_.bases),
            attributes=tuple(attributes.items()),
        )

    def _base(self, base: ast.expr) -> str:
        inner = base.value if isinstance(base, ast.Subscript) else base
        return self.names.of(inner) or ""

    def _environment(self) -> int:
        return next((node.lineno for node in environment_reads(self.file)), 0)

    def _imports(self) -> Iterator[ImportFacts]:
        """What the file imports, each module once per line."""
        for statement in (*self.file.of(ast.Import), *self.file.of(ast.ImportFrom)):
            lazy = self._is_lazy(statement)
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    yield ImportFacts(alias.name, statement.lineno, lazy)
                continue
            for target in self._targets[statement]:
                yield ImportFacts(target, statement.lineno, lazy)

    @cached_property
    def _targets(self) -> dict[ast.AST, list[str]]:
        """Import to the dotted names that it brings."""
        scopes = self.file.scopes
        found: dict[ast.AST, list[str]] = defaultdict(list)
        for scope in {scopes.of(statement) for statement in self.file.of(ast.ImportFrom)}:
            for bindings in scopes.in_scope(scope).values():
                for binding in bindings:
                    if binding.kind == "import":
                        found[binding.node].append(binding.target)
        return found

    def _is_lazy(self, statement: ast.stmt) -> bool:
        if self.file.enclosing_function(statement) is not None:
            return True
        if statement.lineno > self._first_definition or "E402" in self._line(statement):
            return True
        return any(
            isinstance(parent, ast.If)
            and any(word in ast.dump(parent.test) for word in ("TYPE_CHECKING", "__main__"))
            for parent in self.file.ancestors(statement)
        )

    def _line(self, statement: ast.stmt) -> str:
        last = statement.end_lineno or statement.lineno
        return self.file.lines[last - 1] + self.file.lines[statement.lineno - 1]

    @cached_property
    def _first_definition(self) -> int:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        found = (node.lineno for node in self.file.tree.body if isinstance(node, kinds))
        return min(found, default=sys.maxsize)


def environment_reads(file: SourceFile) -> Iterator[ast.expr]:
    """Where a file reads environment variables, in the order of the text."""
    if "environ" not in file.text and "getenv" not in file.text:
        return
    for node in (*file.of(ast.Attribute), *file.of(ast.Name)):
        last = node.attr if isinstance(node, ast.Attribute) else node.id
        if last not in {"environ", "getenv"} or not isinstance(node.ctx, ast.Load):
            continue
        if file.qualified_name(node) in {"os.environ", "os.getenv"}:
            yield node


def _function(item: Iterable[Any]) -> FunctionFacts:
    made = FunctionFacts._make(item)
    return made._replace(
        calls=tuple(map(CallFact._make, made.calls)),
        effects=tuple(map(EffectFact._make, made.effects)),
    )


def _route(item: Iterable[Any]) -> RouteFacts:
    made = RouteFacts._make(item)
    return made._replace(place=Place._make(made.place))


def _include(item: Iterable[Any]) -> IncludeFacts:
    made = IncludeFacts._make(item)
    return made._replace(place=Place._make(made.place))


def _plain(value: Any) -> Any:
    """The same data in tuples that `marshal` can write."""
    if not isinstance(value, tuple):
        return value
    return tuple(_plain(item) for item in cast("tuple[Any, ...]", value))
