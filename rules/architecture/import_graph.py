"""Cycles among the modules that import each other while they are loaded."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.project import Project

_DOT = re.compile(r"\.")
_LARGEST = 6
"""Modules in one knot of cycles; a larger one is how a project is, not what a change did."""


def cycle_of(project: Project, module: str) -> tuple[str, ...]:
    """The shortest cycle through a module, itself first and last; empty when there is none."""
    knot = project.memo("import knots", lambda: _knots(_graph(project))).get(module)
    if knot is None or len(knot) > _LARGEST:
        return ()
    graph = _graph(project)
    came_from: dict[str, str] = {}
    queue = deque([module])
    while queue:
        current = queue.popleft()
        for imported in graph[current]:
            if imported == module:
                return _path(came_from, current, module)
            if imported in knot and imported not in came_from:
                came_from[imported] = current
                queue.append(imported)
    return ()


def _path(came_from: dict[str, str], last: str, module: str) -> tuple[str, ...]:
    path = [module, last] if last != module else [module]
    while path[-1] != module:
        path.append(came_from[path[-1]])
    return tuple(reversed(path)) if len(path) > 1 else ()


def _graph(project: Project) -> dict[str, list[str]]:
    """Module to those it imports at load; a package is loaded before its own modules anyway."""

    def build() -> dict[str, list[str]]:
        spelled = {
            module: {found.target: None for found in facts.imports if not found.lazy}
            for module, facts in project.modules.items()
        }
        whole = {
            module: frozenset(chain.from_iterable(map(_prefixes, targets)))
            for module, targets in spelled.items()
        }
        return {
            module: sorted(
                each
                for each in imported
                if not module.startswith(each + ".")
                and (
                    each in whole[module]
                    or any(_is_spelled(each, target, project) for target in spelled[module])
                )
            )
            for module, imported in project.imports.items()
        }

    return project.memo("import graph", build)


@lru_cache(maxsize=65536)
def _prefixes(target: str) -> tuple[str, ...]:
    """An imported name and the modules around it: `a`, `a.b` and `a.b.c`."""
    ends = (found.start() for found in _DOT.finditer(target))
    return (*(target[:end] for end in ends), target)


def _is_spelled(module: str, target: str, project: Project) -> bool:
    """Whether an import surely means a module, and not an installed package of its last name."""
    parts = target.split(".")
    for number in range(len(parts), 0, -1):
        ending = "." + ".".join(parts[:number])
        if module.endswith(ending):
            return module.removesuffix(ending) not in project.modules
    return False


def _knots(graph: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    """Module to the modules that it reaches and that reach it, for those that stand in a cycle."""
    order = _finished_last(graph)
    importers: dict[str, list[str]] = {module: [] for module in graph}
    for module, imported in graph.items():
        for each in imported:
            importers[each].append(module)
    found: dict[str, frozenset[str]] = {}
    seen: set[str] = set()
    for root in reversed(order):
        if root in seen:
            continue
        seen.add(root)
        members, waiting = [root], [root]
        while waiting:
            for module in importers[waiting.pop()]:
                if module not in seen:
                    seen.add(module)
                    members.append(module)
                    waiting.append(module)
        if len(members) > 1:
            found.update(dict.fromkeys(members, frozenset(members)))
    return found


def _finished_last(graph: dict[str, list[str]]) -> list[str]:
    """The modules in the order in which a walk in depth leaves them."""
    order: list[str] = []
    seen: set[str] = set()
    for root, below in graph.items():
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(below))]
        while stack:
            module, rest = stack[-1]
            following = next((each for each in rest if each not in seen), None)
            if following is None:
                order.append(module)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(graph[following])))
    return order
