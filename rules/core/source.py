"""One parsed file and the questions that rules ask of it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rules.core.definitions import Definitions
from rules.core.names import Names
from rules.core.nodes import Nodes
from rules.core.parsing import NotPythonError, parse
from rules.core.rule import FileKind
from rules.core.scopes import (
    COMPREHENSIONS,
    FUNCTIONS,
    Binding,
    FunctionNode,
    Parameters,
    Scope,
    Scopes,
    parameters,
)
from rules.core.text import Text, TextReader
from rules.core.web.routes import Route, dependencies_of, routes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rules.core.project import Project

LOCATED = (ast.stmt, ast.expr, ast.arg, ast.keyword, ast.alias, ast.ExceptHandler)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
_ENDS_OF_LOOPS = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
_LOOP_OR_END = frozenset({*LOOPS, *COMPREHENSIONS, *_ENDS_OF_LOOPS})
_LINE_END = re.compile(r"\r\n|\r|\n")

THREAD_HANDOFFS = {
    "asyncio.to_thread",
    "anyio.to_thread.run_sync",
    "trio.to_thread.run_sync",
    "fastapi.concurrency.run_in_threadpool",
    "asyncio.AbstractEventLoop.run_in_executor",
    "concurrent.futures.ThreadPoolExecutor.submit",
    "concurrent.futures.ThreadPoolExecutor.map",
    "concurrent.futures.ProcessPoolExecutor.submit",
    "concurrent.futures.ProcessPoolExecutor.map",
    "threading.Thread",
    "threading.Timer",
    "multiprocessing.Process",
    "asgiref.sync.sync_to_async",
    "fastapi.BackgroundTasks.add_task",
}
"""Callables that run the function they are given in another thread or process."""

HANDOFF_METHODS = {"run_in_executor", "to_thread", "run_in_threadpool", "run_sync", "sync_to_async"}
"""Last names that mean a hand-off to a thread even when their owner cannot be resolved."""


class SourceFile:
    """One Python file.

    `path` is POSIX and relative to the project, `text` keeps the file's own line ends. Parsing
    errors are raised by the constructor as `NotPythonError`.
    """

    def __init__(
        self, path: str, text: str, project: Project | None = None, kind: FileKind | None = None
    ) -> None:
        self.path = path
        self.text = text
        self._project = project
        self.kind = kind or kind_of(path)
        self.tree = parse(text)
        self.nodes = Nodes(self.tree)
        self.module = module_of(path)
        self._memo: dict[str, Any] = {}
        self._parameters: dict[FunctionNode | ast.Lambda, Parameters] = {}

    @property
    def project(self) -> Project | None:
        """The rest of the project, if this file was linked to it."""
        return self._project

    @project.setter
    def project(self, project: Project | None) -> None:
        """Link the file; what was resolved without the project is forgotten."""
        self._project = project
        self._memo.clear()
        for cached in ("names", "routes", "_dependencies", "_reader"):
            self.__dict__.pop(cached, None)

    def close(self) -> None:
        """Let go of everything at once, without a wait for the collector; nobody asks any more."""
        self.__dict__.clear()

    # Syntax

    def of[Node: ast.AST](self, node_type: type[Node]) -> list[Node]:
        """Every node of exactly this type, outer ones first."""
        return self.nodes.of(node_type)

    @cached_property
    def functions(self) -> list[FunctionNode]:
        """Every `def` and `async def`, nested ones too."""
        return [*self.nodes.of(ast.FunctionDef), *self.nodes.of(ast.AsyncFunctionDef)]

    def parameters(self, function: FunctionNode | ast.Lambda) -> Parameters:
        """Every parameter of a function with its default, in the order of the signature."""
        found = self._parameters.get(function)
        if found is None:
            found = self._parameters[function] = parameters(function)
        return found

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file without their ends; `lines[0]` is line 1."""
        if "\r" in self.text:
            return _LINE_END.split(self.text)
        return self.text.split("\n")

    @cached_property
    def lowered(self) -> str:
        """The text in lower case, to look for words that may be written either way."""
        return self.text.lower()

    @cached_property
    def texts(self) -> list[ast.Constant]:
        """The literal texts of the code, docstrings and other lone ones left out."""
        parents = self.nodes.parents
        return [
            constant
            for constant in self.nodes.of(ast.Constant)
            if constant.value.__class__ is str and parents[constant].__class__ is not ast.Expr
        ]

    def source(self, node: ast.AST) -> str:
        """The text of a node, lines joined by `\\n`; empty for a node that has no place."""
        if not isinstance(node, LOCATED):
            return ""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        start, end = node.col_offset, node.end_col_offset
        if first == last:
            line = self.lines[first]
            if line.isascii():
                return line[start:end]
            return line.encode()[start:end].decode(errors="replace")
        head = self.lines[first].encode()[start:].decode(errors="replace")
        tail = self.lines[last].encode()[:end].decode(errors="replace")
        return "\n".join([head, *self.lines[first + 1 : last], tail])

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node directly around this one; None for the module."""
        return self.nodes.parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around this one, nearest first."""
        parents = self.nodes.parents
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The smallest statement that contains the node, or the node itself."""
        current: ast.AST | None = node
        while current is not None and not isinstance(current, ast.stmt):
            current = self.nodes.parents.get(current)
        return current or self.tree.body[0]

    def within(self, node: ast.AST) -> list[ast.AST]:
        """The node and all nodes below it in the order of the text, nested functions included."""
        return self.nodes.inside(node)

    def names_in(self, node: ast.AST) -> set[str]:
        """The plain names that occur in a node."""
        return {inner.id for inner in self.nodes.inside(node) if isinstance(inner, ast.Name)}

    def body(self, function: ast.AST) -> Iterator[ast.AST]:
        """The nodes that run when this function (or other block) runs: no nested `def`s' insides.

        A nested function, lambda or class is given itself, its decorators and defaults are not.
        """
        if isinstance(function, ast.Lambda):
            return self.nodes.running([function.body])
        return self.nodes.running(getattr(function, "body", []))

    def comments(self) -> list[tuple[int, str]]:
        """Every comment with its 1-based line."""
        return self._comments

    @cached_property
    def _comments(self) -> list[tuple[int, str]]:
        if "#" not in self.text:
            return []
        reader = io.StringIO(self.text).readline
        try:
            return [
                (token.start[0], token.string)
                for token in tokenize.generate_tokens(reader)
                if token.type == tokenize.COMMENT
            ]
        except (tokenize.TokenError, SyntaxError):
            return []

    def memo[Value](self, key: str, compute: Callable[[], Value]) -> Value:
        """What `compute` gave the first time for this key; for work that several nodes share."""
        memo = self._memo
        if key not in memo:
            memo[key] = compute()
        return memo[key]

    # Calls

    @cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        table: dict[str, list[ast.Call]] = defaultdict(list)
        also = self._other_names
        for call in self.nodes.of(ast.Call):
            function = call.func
            if isinstance(function, ast.Attribute):
                name = function.attr
            elif isinstance(function, ast.Name):
                name = function.id
            else:
                name = ""
            for last in also.get(name, (name,)):
                table[last].append(call)
        return table

    @cached_property
    def called_names(self) -> frozenset[str]:
        """The last names of everything that the file calls."""
        return frozenset(self._calls)

    @cached_property
    def _other_names(self) -> dict[str, tuple[str, ...]]:
        """Local name of an aliased callable to the last names that it stands for, and itself."""
        found: dict[str, set[str]] = defaultdict(set)
        for statement in (*self.of(ast.Import), *self.of(ast.ImportFrom)):
            for alias in statement.names:
                if alias.asname:
                    found[alias.asname].add(alias.name.rsplit(".", 1)[-1])
        for statement in (*self.of(ast.Assign), *self.of(ast.AnnAssign), *self.of(ast.NamedExpr)):
            last = _last_name(statement.value)
            if last is None:
                continue
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, (ast.Name, ast.Attribute)) and last != _last_name(target):
                    found[_last_name(target) or ""].add(last)
        return {name: (name, *sorted(others)) for name, others in found.items()}

    def calls(self, *last_names: str) -> Iterator[ast.Call]:
        """Calls whose last name (aliases looked through) is one of these; all calls without any."""
        if not last_names:
            yield from self.nodes.of(ast.Call)
        for name in last_names:
            yield from self._calls.get(name, ())

    def calls_in(self, function: FunctionNode) -> list[ast.Call]:
        """The calls that run when this function runs, in the order of the text; see `body`."""
        return self._calls_by_function.get(function, [])

    @cached_property
    def _calls_by_function(self) -> dict[ast.AST, list[ast.Call]]:
        found: dict[ast.AST, list[ast.Call]] = defaultdict(list)
        for call in self.nodes.of(ast.Call):
            if (function := self.nodes.runs_in(call)) is not None:
                found[function].append(call)
        return found

    # Names

    @cached_property
    def scopes(self) -> Scopes:
        """Who binds which name where."""
        is_package = self.path.endswith("__init__.py")
        return Scopes(self.nodes, self.module, is_package=is_package)

    @cached_property
    def defined(self) -> Definitions:
        """The functions, classes and attributes of the file by dotted name."""
        return Definitions(self.nodes, self.module)

    @cached_property
    def names(self) -> Names:
        """The resolver behind `qualified_name`."""
        elsewhere = self.project.seen_from(self.module) if self.project else None
        return Names(self.defined, self.scopes, elsewhere)

    def qualified_name(self, node: ast.AST | None) -> str | None:
        """The dotted name of an expression, or of the class of which it is an instance.

        `sleep` after `from time import sleep as sleep` is `time.sleep`; `self.http.get` after
        `self.http = httpx.AsyncClient()` is `httpx.AsyncClient.get`; builtins are plain
        (`open`); definitions of this file are `<module>.<qualname>`. None: nobody can tell.
        """
        return None if node is None else self.names.of(node)

    def annotation(self, node: ast.expr | None) -> str | None:
        """The class that an annotation names, `Annotated`, `Optional` and unions looked through."""
        return self.names.of_annotation(node)

    def qualname(self, node: ast.AST) -> str:
        """Dotted names of the functions and classes around a node, its own included."""
        return self.names.qualname(node)

    def bindings(self, name: str, scope: Scope) -> list[Binding]:
        """The bindings that a use of a name in a scope can mean."""
        return self.scopes.lookup(name, scope)

    def imports(self, *modules: str) -> bool:
        """Whether the file imports any of these modules or anything inside them."""
        return not self._imported_prefixes.isdisjoint(modules)

    @cached_property
    def _imported_prefixes(self) -> frozenset[str]:
        """Every imported name and each package around it: `a`, `a.b` and `a.b.c`."""
        return frozenset(
            ".".join(parts[:number])
            for parts in (name.split(".") for name in self.imported_modules)
            for number in range(1, len(parts) + 1)
        )

    @cached_property
    def imported_modules(self) -> frozenset[str]:
        """The dotted names of all modules and names that the file imports, `a.b.c` per name."""
        found = {alias.name for statement in self.of(ast.Import) for alias in statement.names}
        for statement in self.of(ast.ImportFrom):
            module = self.scopes.absolute(statement)
            found.update(f"{module}.{alias.name}" for alias in statement.names)
        return frozenset(found)

    # Values

    def values(self, name: ast.Name | ast.Attribute) -> list[ast.expr]:
        """Every expression that a variable or `self.x` can have been assigned at this use.

        Empty when any of its bindings is not a plain assignment (an argument, a loop variable).
        """
        if isinstance(name, ast.Attribute):
            return self._attribute_values(name)
        found = self.names.reaching(name)
        if not found or any(b.kind != "assign" or b.value is None for b in found):
            return []
        return [binding.value for binding in found if binding.value is not None]

    def _attribute_values(self, node: ast.Attribute) -> list[ast.expr]:
        class_ = self.defined.enclosing_class(node)
        if class_ is None or not isinstance(node.value, ast.Name):
            return []
        if node.value.id not in {"self", "cls", class_.name}:
            return []
        statements = self.defined.members(class_).get(node.attr, [])
        return [statement.value for statement in statements if statement.value is not None]

    def value(self, name: ast.Name | ast.Attribute) -> ast.expr | None:
        """The one expression that a variable was assigned; None when there may be several."""
        values = self.values(name)
        if len(values) != 1 or self._is_augmented(name):
            return None
        return values[0]

    def _is_augmented(self, name: ast.Name | ast.Attribute) -> bool:
        return _last_name(name) in self._augmented

    @cached_property
    def _augmented(self) -> frozenset[str | None]:
        return frozenset(_last_name(statement.target) for statement in self.of(ast.AugAssign))

    def literal(self, node: ast.expr | None) -> object:
        """The value of a constant expression, also through a name assigned once; else `...`."""
        if isinstance(node, (ast.Name, ast.Attribute)) and (value := self.value(node)) is not None:
            return self.literal(value) if value is not node else ...
        if isinstance(node, ast.Constant):
            return node.value
        try:
            return ast.literal_eval(node) if node is not None else ...
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return ...

    def text_of(self, node: ast.expr) -> Text | None:
        """The text that an expression builds: constant parts and holes, names looked through."""
        return self._reader.read(node)

    def constant_text(self, node: ast.expr) -> str | None:
        """The text of an expression when nothing of it is computed at run time."""
        return self._reader.constant(node)

    @cached_property
    def _reader(self) -> TextReader:
        return TextReader(self.value)

    # Context

    def enclosing_function(self, node: ast.AST) -> FunctionNode | None:
        """The `def` whose call evaluates the node; lambdas and comprehensions are looked through.

        Decorators, defaults and annotations of a function belong to what is around it.
        """
        return self.scopes.function_of(self.scopes.of(node))

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The nearest class around a node."""
        return self.defined.enclosing_class(node)

    def runs_on_event_loop(self, node: ast.AST) -> bool:
        """Whether the node is evaluated by an `async def` itself: not in a nested `def` or lambda."""
        scope = self.scopes.of(node)
        while isinstance(scope, COMPREHENSIONS):
            scope = self.scopes.of(scope)
        return isinstance(scope, ast.AsyncFunctionDef)

    def handed_to_thread(self, node: ast.AST) -> bool:
        """Whether the node is an argument of a call that runs it in another thread or process."""
        parents = self.nodes.parents
        child, parent = node, parents.get(node)
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.Call) and child is not parent.func:
                return self.is_thread_handoff(parent)
            child, parent = parent, parents.get(parent)
        return False

    def is_thread_handoff(self, call: ast.Call) -> bool:
        """Whether the call runs a function that it is given in another thread or process."""
        name = self.qualified_name(call.func)
        if name in THREAD_HANDOFFS:
            return True
        return _last_name(call.func) in HANDOFF_METHODS

    def enclosing_loop(self, node: ast.AST) -> ast.AST | None:
        """The nearest loop or comprehension that evaluates the node per item, in its function."""
        parents = self.nodes.parents
        child, parent = node, parents.get(node)
        while parent is not None:
            if parent.__class__ not in _LOOP_OR_END:
                child, parent = parent, parents.get(parent)
                continue
            if isinstance(parent, _ENDS_OF_LOOPS):
                return None
            if isinstance(parent, (ast.For, ast.AsyncFor)) and child in parent.body:
                return parent
            if isinstance(parent, ast.While) and child not in parent.orelse:
                return parent
            if isinstance(parent, COMPREHENSIONS) and not (
                child is parent.generators[0] and _is_first_iterable(node, parent)
            ):
                return parent
            child, parent = parent, parents.get(parent)
        return None

    def is_awaited(self, node: ast.AST) -> bool:
        """Whether the node is the operand of `await`."""
        return isinstance(self.parent(node), ast.Await)

    def argument(self, call: ast.Call, position: int, name: str) -> ast.expr | None:
        """The argument of a call at a position or by keyword; None when absent or starred."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        before = call.args[: position + 1]
        if len(before) <= position or any(isinstance(item, ast.Starred) for item in before):
            return None
        return before[position]

    # FastAPI

    @cached_property
    def routes(self) -> list[Route]:
        """The path operations that the file defines."""
        return routes_of(self)

    def route(self, function: ast.AST | None) -> Route | None:
        """The path operation whose handler is this function."""
        return next((route for route in self.routes if route.function is function), None)

    @cached_property
    def _dependencies(self) -> frozenset[str]:
        return dependencies_of(self)

    def is_dependency(self, function: FunctionNode) -> bool:
        """Whether the function is given to `Depends` or `Security` in this file or project."""
        name = self.defined.name_of(function)
        if name in self._dependencies:
            return True
        return self.project is not None and self.project.is_dependency(name)


def module_of(path: str) -> str:
    """The dotted module name of a path: `src/app/db/__init__.py` is `app.db`."""
    parts = [part for part in path.removesuffix(".py").removesuffix(".pyi").split("/") if part]
    if parts and parts[-1] == "__init__":
        parts.pop()
    if "src" in parts:
        parts = parts[parts.index("src") + 1 :]
    return ".".join(parts) or "__init__"


_TEST_FOLDERS = {"test", "tests", "_tests", "pytest", "testing", "__tests__", "e2e"}
_MIGRATION_FOLDERS = {"migrations", "alembic"}
_REVISION = re.compile(r"[0-9a-f]{10,}_|\d{4}[-_]?\d{2}[-_]?\d{2}")
"""How a file in Alembic's `versions` folder begins: by its revision or its date."""
_SCRIPT_FOLDERS = {"scripts", "script", "examples", "example", "benchmarks", "benchmark", "bench"}
_TOP_SCRIPT_FOLDERS = {
    "tools", "docs", "doc", "docs_src", "contributing", "samples", "notebooks", "demo", "demos",
    "cookbook", "tutorials", "bin", "dev", "debug", ".github",
}  # fmt: skip
"""Deeper down, such a name is a part of the application."""


def kind_of(path: str) -> FileKind:
    """What a file is for, by its path."""
    *parts, name = path.split("/")
    folders = set(parts)
    if folders & _TEST_FOLDERS or name.startswith(("test_", "tests.")) or name == "conftest.py":
        return FileKind.TEST
    if name.endswith(("_test.py", "_tests.py")):
        return FileKind.TEST
    if folders & _MIGRATION_FOLDERS or name in {"migrations.py", "migration.py"}:
        return FileKind.MIGRATION
    if "versions" in folders and _REVISION.match(name):
        return FileKind.MIGRATION
    if parts and parts[0] in _TOP_SCRIPT_FOLDERS:
        return FileKind.SCRIPT
    if folders & _SCRIPT_FOLDERS or name in {"setup.py", "noxfile.py", "fabfile.py"}:
        return FileKind.SCRIPT
    if name == "tasks.py" and not parts:  # Deeper down it is a module of Celery or the like.
        return FileKind.SCRIPT
    return FileKind.CODE


def _last_name(node: ast.AST | None) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function, args=[first, *_]) if _last_name(function) == "partial":
            return _last_name(first)
        case _:
            return None


def _is_first_iterable(node: ast.AST, comprehension: ast.AST) -> bool:
    generators: list[ast.comprehension] = getattr(comprehension, "generators", [])
    return any(child is node for child in ast.walk(generators[0].iter))


__all__ = ["FileKind", "NotPythonError", "Route", "SourceFile", "Text"]
