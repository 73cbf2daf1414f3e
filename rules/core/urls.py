"""Full paths and inherited dependencies of path operations, across routers and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.facts import IncludeFacts, ModuleFacts, RouteFacts, RouterFacts
    from rules.core.project import Project

_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path operation under one of the apps or routers that take it in.

    `path` is the full path as far as it is known, None when a prefix is computed. `depends` are
    the dotted names of all its dependencies, `?` for one that could not be resolved. `order` is
    the position in which the app registers it, `app` the dotted name of the outermost owner.
    """

    function: str
    methods: frozenset[str]
    path: str | None
    depends: tuple[str, ...]
    file: str
    line: int
    app: str
    order: tuple[int, ...]


def endpoints_of(project: Project) -> list[Endpoint]:
    """Every path operation, once for each way in which an app takes it in."""
    return list(_Linker(project).endpoints())


class _Linker:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.routers: dict[str, tuple[ModuleFacts, RouterFacts]] = {}
        self.included_in: dict[str, list[tuple[ModuleFacts, IncludeFacts]]] = {}
        for facts in project.modules.values():
            for router in facts.routers:
                self.routers[router.name] = (facts, router)
        for facts in project.modules.values():
            for include in facts.includes:
                self.included_in.setdefault(self.variable(include.router, facts), []).append(
                    (facts, include)
                )

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
                resolved = tuple(self._resolved(own, facts))
                owner = self.variable(route.owner, facts)
                for app, prefix, depends, order in self._ways(owner, _DEPTH):
                    yield Endpoint(
                        function=route.function,
                        methods=frozenset(route.methods),
                        path=None if prefix is None or not route.path else prefix + route.path,
                        depends=(*resolved, *depends),
                        file=facts.path,
                        line=route.line,
                        app=app,
                        order=(*order, route.line),
                    )

    def _of_function(self, route: RouteFacts) -> tuple[str, ...]:
        known = self.project.functions.get(route.function)
        return known.depends if known else ()

    def _resolved(self, names: tuple[str, ...], facts: ModuleFacts) -> Iterator[str]:
        for name in names:
            if name == "?":
                yield name
            elif name.startswith("annotated:"):
                yield from self._alias(name.removeprefix("annotated:"), facts, _DEPTH)
            else:
                yield self.project.resolve(name, facts.module)

    def _alias(self, name: str, facts: ModuleFacts, depth: int) -> Iterator[str]:
        """What an imported `Annotated` alias asks for; nothing when it is just a class."""
        split = self.project.split(name, facts.module)
        if split is None or not depth:
            return
        module, rest = split
        defined = self.project.modules[module]
        if (asked := dict(defined.annotated).get(rest)) is not None:
            yield from self._resolved(asked, defined)
        elif (target := dict(defined.exports).get(rest)) is not None:
            yield from self._alias(target, defined, depth - 1)

    def _ways(
        self, owner: str, depth: int
    ) -> Iterator[tuple[str, str | None, tuple[str, ...], tuple[int, ...]]]:
        """Outermost owner, prefix, dependencies and order for each way into an app."""
        facts, router = self.routers.get(owner, (None, None))
        prefix = router.prefix if router else ""
        depends = tuple(self._resolved(router.depends, facts)) if facts and router else ()
        known = None if "?" in prefix else prefix
        includes = self.included_in.get(owner, []) if depth else []
        if not includes:
            yield owner, known, depends if router else (*depends, "?"), ()
        for outer, include in includes:
            outer_name = self.variable(include.owner, outer)
            more = tuple(self._resolved(include.depends, outer))
            for app, before, inherited, order in self._ways(outer_name, depth - 1):
                parts = (before, include.prefix, known)
                whole = None
                if before is not None and known is not None and "?" not in include.prefix:
                    whole = "".join(part or "" for part in parts)
                yield app, whole, (*depends, *more, *inherited), (*order, include.line)
