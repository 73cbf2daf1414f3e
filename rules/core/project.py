"""The facts of all files of one version of a project, linked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self, cast

from rules.core.call_graph import CallGraph
from rules.core.facts import ModuleFacts, facts_of
from rules.core.modules import Modules
from rules.core.requirements import Requirements
from rules.core.sql.usage import Database
from rules.core.web.urls import Endpoint, endpoints_of
from rules.tables.types import CANONICAL, returned_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rules.core.facts import ClassFacts, FunctionFacts, RouteFacts
    from rules.core.source import SourceFile

_HOPS = 12


def _is_package_beside(package: str, module: str) -> bool:
    """Whether `app/http/__init__.py` hides `app/http.py`."""
    return package == module.removesuffix(".py") + "/__init__.py"


class Project:
    """Answers questions about names that are defined in other files.

    Names are dotted paths from the root of the repository (`backend.app.db.connect`); `seen_from`
    gives a view in which a file's own spelling of an import (`app.db.connect`) is understood.
    """

    def __init__(self, facts: Iterable[ModuleFacts] = ()) -> None:
        every = list(facts)
        self.modules: dict[str, ModuleFacts] = {}
        self._doubled: set[str] = set()
        for one in every:
            if not one.path.endswith(".sql"):
                self._take(one)
        self.scripts = tuple(facts for facts in every if facts.path.endswith(".sql"))
        self._roots = Modules(self.modules)
        self._exports = {name: dict(facts.exports) for name, facts in self.modules.items()}
        self._variables = {name: dict(facts.variables) for name, facts in self.modules.items()}
        self._known: dict[tuple[str, str], str] = {}
        self._shared: dict[tuple[str, str], str] = {}
        self._different: frozenset[str] = frozenset()
        self._unsure: frozenset[str] = frozenset()
        self._met_different = False
        self._memo: dict[str, object] = {}
        self.calls = CallGraph(self)
        self.requirements = Requirements()

    def _take(self, facts: ModuleFacts) -> None:
        """Of two files with one module name, Python imports the package, not the module beside it.

        Two folders (`api/src/db.py`, `jobs/src/db.py`) may both be right: the last one stands in.
        """
        known = self.modules.get(facts.module)
        if known is not None and not known.path.endswith(".pyi"):
            if facts.path.endswith(".pyi") or _is_package_beside(known.path, facts.path):
                return
            if not _is_package_beside(facts.path, known.path):
                self._doubled.add(facts.module)
        self.modules[facts.module] = facts

    @classmethod
    def of_files(cls, files: Iterable[SourceFile]) -> Self:
        """The project that consists of these files."""
        return cls([facts_of(file) for file in files])

    @cached_property
    def functions(self) -> dict[str, FunctionFacts]:
        """Every function and method by its dotted name."""
        return {f.name: f for facts in self.modules.values() for f in facts.functions}

    @cached_property
    def classes(self) -> dict[str, ClassFacts]:
        """Every class by its dotted name."""
        return {c.name: c for facts in self.modules.values() for c in facts.classes}

    @cached_property
    def _module_of(self) -> dict[str, str]:
        """Function or class to the module that defines it."""
        return {
            item.name: name
            for name, facts in self.modules.items()
            for item in (*facts.functions, *facts.classes)
        }

    def path_of(self, name: str) -> str:
        """The path of the file that defines a function or class; empty when nobody does."""
        module = self._module_of.get(name, "")
        return self.modules[module].path if module else ""

    def file(self, path: str) -> ModuleFacts | None:
        """The facts of the Python file at a path."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, ModuleFacts]:
        return {facts.path: facts for facts in self.modules.values()}

    def module_of(self, name: str) -> ModuleFacts | None:
        """The facts of the file that defines a function or class."""
        return self.modules.get(self._module_of.get(name, ""))

    def label(self, name: str) -> str:
        """How a message names a function: `Service.run`, `fetch_price`, `requests.get`."""
        *_, owner, last = ["", *name.split(".")]
        is_method = owner.lstrip("_")[:1].isupper()
        return f"{owner}.{last}" if is_method or (owner and name not in self._module_of) else last

    def seen_from(self, module: str) -> View:
        """The project as one of its modules spells it."""
        return View(self, module)

    def share(self, other: Project) -> None:
        """Let two versions of a project resolve and link all once, before either resolves any.

        A name means the same in both when no module on the way to its definition is different,
        and no part of a name on it belongs to a module that only one of them has.
        """
        unsure = self._roots.unsure_beside(other._roots)
        if unsure is None:
            return
        self._shared = other._shared
        self.calls.share(other.calls)
        self._unsure = other._unsure = unsure
        self._different = other._different = frozenset(
            name
            for name in self.modules.keys() | other.modules.keys()
            if self.modules.get(name) is not other.modules.get(name)
        )

    # Names

    def split(self, name: str, importer: str) -> tuple[str, str] | None:
        """The module of the project that a dotted name means, and the rest of the name."""
        return self._roots.split(name, importer)

    def resolve(self, name: str, importer: str) -> str:
        """Where a dotted name that a module uses is defined, or which class it is an instance of.

        Follows imports, re-exports, variables, results of functions and inherited methods.
        """
        key = (name, importer)
        known = self._shared.get(key) or self._known.get(key)
        if known is None:
            self._met_different = False
            known = self._resolve(name, importer, _HOPS)
            (self._known if self._met_different else self._shared)[key] = known
        return known

    def _resolve(self, name: str, importer: str, hops: int) -> str:
        name = CANONICAL.get(name, name)
        found = self._module_in(name, importer)
        if found is None or hops <= 0:
            return self._after_result(name)
        module, rest = found
        self._meet(module)
        if not rest:
            return module
        first, _, more = rest.partition(".")
        called = first.endswith("()")
        target = self._member_of_module(module, first.removesuffix("()"), hops)
        if called:
            target = self._result(target, hops)
        return self._walk(target, more, hops)

    def _module_in(self, name: str, importer: str) -> tuple[str, str] | None:
        """What `split` says, remembered as different where another version may say otherwise."""
        if self._unsure and not self._unsure.isdisjoint(name.replace("()", "").split(".")):
            self._met_different = True
        return self._roots.split(name, importer)

    def _after_result(self, name: str) -> str:
        """Look through the results of known library calls inside a name."""
        head, mark, rest = name.partition("().")
        if mark and (returned := returned_by(head)):
            return f"{returned}.{rest}"
        return name

    def _meet(self, module: str) -> None:
        """Remember when the way to a definition leads through a module that is not the same."""
        if module in self._different:
            self._met_different = True

    def _member_of_module(self, module: str, name: str, hops: int) -> str:
        if (target := self._exports[module].get(name)) is not None:
            return self._resolve(target, module, hops - 1)
        dotted = f"{module}.{name}"
        if dotted in self.functions or dotted in self.classes:
            return dotted
        if (held := self._variables[module].get(name)) is not None and held != dotted:
            return self._resolve(held, module, hops - 1)
        if self._stars[module] and (found := self._behind_stars(module, name)) is not None:
            return self._resolve(found, module, hops - 1)
        return dotted

    def _behind_stars(self, module: str, name: str) -> str | None:
        """What a name is that a module has by `from x import *`, here or where `x` has it from."""
        waiting, seen = [module], {module}
        while waiting:
            for target in self._stars[waiting.pop()]:
                found = self._module_in(target, module)
                if found is None or found[1] or found[0] in seen:
                    continue
                seen.add(found[0])
                waiting.append(found[0])
                self._meet(found[0])
                dotted = f"{found[0]}.{name}"
                if name in self._exports[found[0]] or name in self._variables[found[0]]:
                    return dotted
                if dotted in self.functions or dotted in self.classes:
                    return dotted
        return None

    @cached_property
    def _stars(self) -> dict[str, tuple[str, ...]]:
        """Module to the modules of which it imports every name."""
        return {
            name: tuple(
                found.target.removesuffix(".*")
                for found in facts.imports
                if found.target.endswith(".*")
            )
            for name, facts in self.modules.items()
        }

    def _walk(self, owner: str, rest: str, hops: int) -> str:
        """Follow the parts of a name inside a class or an instance of it."""
        while rest:
            part, _, rest = rest.partition(".")
            name = part.removesuffix("()")
            owner = self.member(owner, name, hops) or f"{owner}.{name}"
            if part.endswith("()"):
                owner = self._result(owner, hops)
        return CANONICAL.get(owner, owner)

    def member(self, owner: str, name: str, hops: int = _HOPS) -> str | None:
        """A method or attribute of a class, also an inherited one."""
        class_ = self.classes.get(owner)
        if class_ is None or hops <= 0:
            return None
        module = self._module_of[owner]
        self._meet(module)
        if f"{owner}.{name}" in self.functions:
            return f"{owner}.{name}"
        for attribute, held in class_.attributes:
            if attribute == name and held != f"{owner}.{name}":
                return self._resolve(held, module, hops - 1)
        for base in class_.bases:
            parent = self._resolve(base, module, hops - 1) if base else ""
            if parent and parent != owner and (found := self.member(parent, name, hops - 1)):
                return found
        return None

    def _result(self, function: str, hops: int) -> str:
        if (returned := returned_by(function)) is not None:
            return returned
        known = self.functions.get(function)
        if known is None:
            return function if function in self.classes else f"{function}()"
        if not known.returns:
            return f"{function}()"
        return self._resolve(known.returns, self._module_of[function], hops - 1)

    def inherits(self, name: str, ancestor: str) -> bool:
        """Whether a class of the project has this class among its ancestors."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current == ancestor:
                return True
            if current not in seen and (class_ := self.classes.get(current)) is not None:
                seen.add(current)
                module = self._module_of[current]
                waiting.extend(self.resolve(base, module) for base in class_.bases if base)
        return False

    # Functions

    def is_async(self, name: str) -> bool | None:
        """Whether calling this function gives a coroutine; None when it is not of the project.

        Where two files have the module's name, nobody can tell which of them is meant.
        """
        known = self.functions.get(name)
        if known is None or self._module_of.get(name) in self._doubled:
            return None
        return known.is_async and not known.is_generator

    def is_dependency(self, name: str) -> bool:
        """Whether the function with this dotted name is given to `Depends` anywhere."""
        return name in self._dependencies

    @cached_property
    def _dependencies(self) -> frozenset[str]:
        return frozenset(
            self.resolve(name, facts.module)
            for facts in self.modules.values()
            for name in facts.dependencies
        )

    def is_apart(self, module: str) -> bool:
        """Whether another version may link a module otherwise whatever the module calls."""
        return module in self._different or module in self._hidden

    def constructor(self, name: str) -> str:
        """The function that runs when a name is called: of a class, its `__init__`."""
        if name in self.classes:
            return self.member(name, "__init__") or name
        return name

    def called(self, name: str, importer: str) -> tuple[str, str, bool]:
        """What a module calls by a name, the function that then runs, and whether that is certain.

        It is when another version of the project cannot say otherwise.
        """
        resolved = self.resolve(name, importer)
        self._met_different = False
        function = self.constructor(resolved)
        return resolved, function, not self._met_different and (name, importer) in self._shared

    @cached_property
    def _hidden(self) -> frozenset[str]:
        """The modules of which a name is that of another module's function or class, too.

        The method `c` of a class `a.b` is called like the function `c` of a module `a.b`.
        """
        return frozenset(
            module
            for module, facts in self.modules.items()
            if any(self._module_of[function.name] != module for function in facts.functions)
        )

    @cached_property
    def handlers(self) -> dict[str, RouteFacts]:
        """The path operations by the dotted name of their function, prefixes left out."""
        return {route.function: route for facts in self.modules.values() for route in facts.routes}

    # Database

    @cached_property
    def database(self) -> Database:
        """What the files together say about the database: commits, pragmas, relationships."""
        return Database(self)

    def pragmas(self) -> frozenset[str]:
        """What the project does anywhere to configure SQLite, such as `journal_mode=wal`."""
        return self.database.pragmas

    # Routes

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """Every path operation with its full paths and all its dependencies."""
        return endpoints_of(self)

    @cached_property
    def endpoints_by_module(self) -> dict[str, list[Endpoint]]:
        """The same by the module that defines them."""
        found: dict[str, list[Endpoint]] = {}
        for endpoint in self.endpoints:
            found.setdefault(endpoint.module, []).append(endpoint)
        return found

    def memo[Value](self, key: str, compute: Callable[[], Value]) -> Value:
        """What `compute` gave the first time for this key; for work that several files share."""
        if key not in self._memo:
            self._memo[key] = compute()
        return cast("Value", self._memo[key])

    # Imports

    @cached_property
    def imports(self) -> dict[str, dict[str, int]]:
        """Module to the modules of the project that it imports when it is loaded, with lines."""
        return {name: dict(self._imported(facts)) for name, facts in self.modules.items()}

    def _imported(self, facts: ModuleFacts) -> Iterator[tuple[str, int]]:
        for found in reversed(facts.imports):
            split = None if found.lazy else self._roots.split(found.target, facts.module)
            if split is not None and split[0] != facts.module:
                yield split[0], found.line


@dataclass(frozen=True, slots=True)
class View:
    """The project as seen from one module; what `Names` asks about other files."""

    project: Project
    module: str

    def canonical(self, name: str) -> str:
        """Where a name that this module uses is defined, or the class it is an instance of."""
        return self.project.resolve(name, self.module)

    def returns(self, name: str) -> str | None:
        """The class of what a function returns; None when nobody says."""
        found = self.project.resolve(f"{name}()", self.module)
        return None if found.endswith("()") else found

    def attribute(self, owner: str, name: str) -> str | None:
        """What an attribute of a class of the project is; None when it is not known."""
        return self.project.member(owner, name) if owner in self.project.classes else None
