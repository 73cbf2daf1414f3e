"""Which path parameters a path operation takes: by its signature, its dependencies, its request."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.facts import FunctionFacts
from rules.core.scopes import parameters
from rules.core.web.facts import WebExtraction
from rules.core.web.routes import is_dependency_marker
from rules.core.web.urls import dependencies_asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_NO_PARAMETERS = ("fastapi.security.", "fastapi.BackgroundTasks", "fastapi.Request")
_MANY = 400
_NOTHING = FunctionFacts(
    "",
    0,
    is_async=False,
    is_generator=False,
    returns="",
    parameters=(),
    decorators=(),
    depends=(),
    calls=(),
    effects=(),
)
"""What runs for a class that has no constructor of its own."""


def taken_parameters(route: Route, file: SourceFile) -> frozenset[str] | None:
    """The names of parameters that anything in a route takes; None when nobody can tell."""
    project = file.project
    if project is None:
        return None
    web = WebExtraction(file, file.names)
    taken = {argument.arg for argument, _ in parameters(route.function)}
    taken.update(web.taken_names(route.function))
    taken.update(_of_class(route, file))
    asked = [*_asked(route, file, project)]
    asked += dependencies_asked(project, tuple(web.depends_of(route.function)), file.module)
    if not _follow(asked, project, taken) or not _through_decorators(route, file, project, taken):
        return None
    return None if "*" in taken else frozenset(taken)


def _asked(route: Route, file: SourceFile, project: Project) -> Iterator[str]:
    """The dependencies of the route, its routers and the calls that include them."""
    ways = [
        endpoint
        for endpoint in project.endpoints_by_module.get(file.module, ())
        if endpoint.line == route.call.lineno
    ]
    if not ways:
        yield "?"
    for endpoint in ways:
        yield from endpoint.depends


def _of_class(route: Route, file: SourceFile) -> Iterator[str]:
    """In a class-based view the attributes of the class are parameters too."""
    class_ = file.parent(route.function)
    if isinstance(class_, ast.ClassDef):
        for statement in class_.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield statement.target.id
            value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
            if value is not None and is_dependency_marker(file, value):
                yield "*"


def _follow(asked: list[str], project: Project, taken: set[str]) -> bool:
    """Add what dependencies and their dependencies take; False when one cannot be looked into."""
    seen: set[str] = set()
    while asked:
        name = asked.pop()
        if name in seen or name.startswith(_NO_PARAMETERS):
            continue
        seen.add(name)
        found = _callables(name, project, taken)
        if not found or len(seen) > _MANY:
            return False
        for function in found:
            taken.update(function.parameters, function.taken)
            if (module := project.module_of(function.name)) is not None:
                asked.extend(dependencies_asked(project, function.depends, module.module))
    return True


def _callables(name: str, project: Project, taken: set[str]) -> list[FunctionFacts]:
    """The functions that run for a dependency; fields of a class are added to what is taken."""
    if name in project.functions:
        return [project.functions[name]]
    if name in project.classes:
        taken.update(attribute for attribute, _ in project.classes[name].attributes)
        members = (project.member(name, method) for method in ("__init__", "__call__"))
        found = [project.functions[m] for m in members if m in project.functions]
        bases = [project.resolve(base, _module(name, project)) for base in _bases(name, project)]
        inherited = [_callables(base, project, taken) for base in bases if base in project.classes]
        return [*found, *(f for functions in inherited for f in functions)] or [_NOTHING]
    if name.endswith("()"):
        return _nested(project).get(name.removesuffix("()"), [])
    return []


def _bases(name: str, project: Project) -> list[str]:
    return [base for base in project.classes[name].bases if base]


def _module(name: str, project: Project) -> str:
    module = project.module_of(name)
    return module.module if module is not None else ""


def _nested(project: Project) -> dict[str, list[FunctionFacts]]:
    """Function to the functions defined in it, of which a factory returns one."""

    def build() -> dict[str, list[FunctionFacts]]:
        found: dict[str, list[FunctionFacts]] = {}
        for name, function in project.functions.items():
            outer = name.rpartition(".")[0]
            while outer:
                if outer in project.functions:
                    found.setdefault(outer, []).append(function)
                outer = outer.rpartition(".")[0]
        return found

    return project.memo("nested functions", build)


def _through_decorators(route: Route, file: SourceFile, project: Project, taken: set[str]) -> bool:
    """Add what wrappers of the project take before they call the handler."""
    asked: list[str] = []
    for decorator in route.function.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = file.qualified_name(inner)
        for function in _nested(project).get(name or "", ()):
            taken.update(function.parameters, function.taken)
            if (module := project.module_of(function.name)) is not None:
                asked.extend(dependencies_asked(project, function.depends, module.module))
    return _follow(asked, project, taken)
