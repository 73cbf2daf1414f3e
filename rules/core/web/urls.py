"""Full paths and inherited dependencies of path operations, across routers and files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import ModuleFacts
    from rules.core.project import Project
    from rules.core.web.facts import IncludeFacts, Place, RouteFacts, RouterFacts

_DEPTH = 8
_OWNERS = {"fastapi.APIRouter", "fastapi.FastAPI"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path operation under one of the apps or routers that take it in.

    `path` is the full path as far as it is known, None when a prefix is computed; `own_path` is
    what the route itself says. `depends` are the dotted names of all its dependencies, `?` for
    one that could not be resolved. `order` is the way to the place where it is registered, from
    the app inwards; `app` is the dotted name of the outermost owner.
    """

    function: str
    methods: frozenset[str]
    path: str | None
    own_path: str
    depends: tuple[str, ...]
    module: str
    line: int
    app: str
    order: tuple[Place, ...]
    starts: int = 0
    """The line of the handler's `def`: path operations that share it are decorators of one."""
    tagged: bool = False
    """Whether it, a router or an `include_router` on the way gives it `tags`."""

    @property
    def file(self) -> str:
        """The path of the file that defines it."""
        return self.order[-1].file

    @property
    def conditions(self) -> frozenset[tuple[str, str]]:
        """The branches that decide whether it is registered, with their files."""
        return frozenset((place.file, place.condition) for place in self.order if place.condition)

    def is_before(self, other: Endpoint) -> bool | None:
        """Whether an app that takes in both registers this one first; None: nobody can tell."""
        for mine, theirs in zip(self.order, other.order, strict=False):
            if mine == theirs:
                continue
            if (mine.file, mine.function) != (theirs.file, theirs.function):
                return None
            return mine.line < theirs.line
        return None


class _Way(NamedTuple):
    """One way from a router to an app: prefix (None: computed), dependencies, order."""

    app: str
    prefix: str | None
    depends: tuple[str, ...]
    order: tuple[Place, ...]
    tagged: bool = False


def endpoints_of(project: Project) -> list[Endpoint]:
    """Every path operation, once for each way in which an app takes it in."""
    return list(_Linker(project).endpoints())


def dependencies_asked(project: Project, names: tuple[str, ...], module: str) -> Iterator[str]:
    """The dotted names behind what a module's facts call dependencies, `?` for an unknown one."""
    for name in names:
        if name == "?":
            yield name
        elif name.startswith("annotated:"):
            yield from _alias(project, name.removeprefix("annotated:"), module, _DEPTH)
        else:
            yield project.resolve(name, module)


def _alias(project: Project, name: str, importer: str, depth: int) -> Iterator[str]:
    """What an imported `Annotated` alias asks for; nothing when it is just a class."""
    split = project.split(name, importer)
    if split is None or not depth:
        return
    module, rest = split
    defined = project.modules[module]
    if (asked := dict(defined.annotated).get(rest)) is not None:
        yield from dependencies_asked(project, asked, module)
    elif (target := dict(defined.exports).get(rest)) is not None:
        yield from _alias(project, target, module, depth - 1)


class _Linker:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.routers: dict[str, tuple[ModuleFacts, RouterFacts]] = {}
        self.included_in: dict[str, list[tuple[ModuleFacts, IncludeFacts]]] = {}
        self.known_ways: dict[str, list[_Way]] = {}
        counted: Counter[str] = Counter()
        for facts in project.modules.values():
            for router in facts.routers:
                if self._is_router(router, facts):
                    self.routers[router.name] = (facts, router)
                    counted[router.name] += 1
        self.reused = {name for name, number in counted.items() if number > 1}
        for facts in project.modules.values():
            for include in facts.includes:
                self.included_in.setdefault(self.variable(include.router, facts), []).append(
                    (facts, include)
                )
        self.is_partly_unknown = "" in self.included_in

    def _is_router(self, router: RouterFacts, facts: ModuleFacts) -> bool:
        if router.made_by in _OWNERS:
            return True
        made_by = self.project.resolve(router.made_by, facts.module)
        return made_by in _OWNERS or any(self.project.inherits(made_by, name) for name in _OWNERS)

    def variable(self, name: str, facts: ModuleFacts) -> str:
        """Where the router that a file calls `name` is defined, through imports of imports."""
        for _ in range(_DEPTH):
            if name in self.routers:
                return name
            split = self.project.split(name, facts.module)
            if split is None:
                return name
            module, rest = split
            first, _, more = rest.partition(".")
            facts = self.project.modules[module]
            target = dict(facts.exports).get(first)
            if target is None or not first:
                return f"{module}.{rest}" if rest else name
            name = f"{target}.{more}" if more else target
        return name

    def endpoints(self) -> Iterator[Endpoint]:
        for facts in self.project.modules.values():
            for route in facts.routes:
                own = (*route.depends, *self._of_function(route))
                resolved = tuple(dependencies_asked(self.project, own, facts.module))
                owner = self.variable(route.owner, facts) if route.owner else ""
                for way in self.ways(owner):
                    yield Endpoint(
                        function=route.function,
                        methods=frozenset(route.methods),
                        path=_joined(way.prefix, route.path),
                        own_path=route.path,
                        depends=(*resolved, *way.depends),
                        module=facts.module,
                        line=route.line,
                        app=way.app,
                        order=(*way.order, route.place),
                        starts=route.starts,
                        tagged=route.tagged or way.tagged,
                    )

    def _of_function(self, route: RouteFacts) -> tuple[str, ...]:
        known = self.project.functions.get(route.function)
        return known.depends if known else ()

    def ways(self, owner: str) -> list[_Way]:
        """The ways from a router to the apps, worked out once for each router."""
        if owner not in self.known_ways:
            self.known_ways[owner] = list(self._ways(owner, _DEPTH))
        return self.known_ways[owner]

    def _ways(self, owner: str, depth: int) -> Iterator[_Way]:
        prefix, depends, is_app = self._given_by(owner)
        tagged = owner in self.routers and self.routers[owner][1].tagged
        includes = self.included_in.get(owner, []) if depth and owner else []
        if not includes:
            unknown = ("?",) if self.is_partly_unknown and not is_app else ()
            yield _Way(owner, prefix, (*depends, *unknown), (), tagged)
        for outer, include in includes:
            outer_name = self.variable(include.owner, outer) if include.owner else ""
            more = tuple(dependencies_asked(self.project, include.depends, outer.module))
            for way in self._ways(outer_name, depth - 1):
                given = None if "?" in include.prefix else include.prefix
                yield _Way(
                    way.app,
                    _joined(way.prefix, given, prefix),
                    (*depends, *more, *way.depends),
                    (*way.order, include.place),
                    tagged or include.tagged or way.tagged,
                )

    def _given_by(self, owner: str) -> tuple[str | None, tuple[str, ...], bool]:
        """Prefix, dependencies, and whether it is an app, of the router with this name."""
        if owner not in self.routers or owner in self.reused:
            return None, ("?",), False
        facts, router = self.routers[owner]
        depends = tuple(dependencies_asked(self.project, router.depends, facts.module))
        if router.made_by not in _OWNERS:
            made_by = self.project.resolve(router.made_by, facts.module)
            depends = depends if made_by in _OWNERS else (*depends, "?")
        return None if "?" in router.prefix else router.prefix, depends, router.is_app


def _joined(*parts: str | None) -> str | None:
    """The parts of a path one after the other; None when one is not known."""
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


def asked_by(project: Project, function: str) -> tuple[str, ...]:
    """What a function of the project asks for by `Depends`, by dotted name; `?` where unknown."""
    known, defined = project.functions.get(function), project.module_of(function)
    if known is None or defined is None:
        return ("?",)
    return tuple(dependencies_asked(project, known.depends, defined.module))
