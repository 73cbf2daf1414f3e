"""Which path operation of a project takes the requests of which other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.fastapi.path_patterns import PathTree, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.web.urls import Endpoint


class Shadowing(NamedTuple):
    """`later` gets none of its requests of these methods: `earlier` takes them."""

    earlier: Endpoint
    later: Endpoint
    methods: frozenset[str]
    is_same_path: bool


def shadowings(project: Project) -> dict[str, list[Shadowing]]:
    """Module to the shadowings in which one of its path operations has a part."""
    return project.memo("shadowed routes", lambda: _by_module(project))


_DEEPEST = 100
"""Paths with more parts are nobody's routes; the search below goes one call deeper for each."""


def _by_module(project: Project) -> dict[str, list[Shadowing]]:
    found: dict[str, list[Shadowing]] = {}
    seen: set[tuple[str, int, str, int]] = set()
    for endpoints in _comparable(project).values():
        for shadowing in _within(endpoints, project):
            earlier, later = shadowing.earlier, shadowing.later
            key = (earlier.module, earlier.line, later.module, later.line)
            if key not in seen:
                seen.add(key)
                for module in {earlier.module, later.module}:
                    found.setdefault(module, []).append(shadowing)
    return found


def _comparable(project: Project) -> dict[object, list[tuple[str, Endpoint]]]:
    """Endpoints with the part of their paths that is known, those of one app together.

    Where a prefix is computed, only the routes that it stands before can be compared.
    """
    groups: dict[object, list[tuple[str, Endpoint]]] = {}
    for endpoint in project.endpoints:
        known = endpoint.path or endpoint.own_path
        if not endpoint.app or not known.startswith("/") or known.count("/") > _DEEPEST:
            continue
        if endpoint.path is not None:
            groups.setdefault(endpoint.app, []).append((endpoint.path, endpoint))
        else:
            key = (endpoint.app, endpoint.order[:-1])
            groups.setdefault(key, []).append((endpoint.own_path, endpoint))
    return groups


def _within(endpoints: list[tuple[str, Endpoint]], project: Project) -> Iterator[Shadowing]:
    tree = PathTree[tuple[str, "Endpoint"]]()
    for path, endpoint in endpoints:
        tree.add(path, (path, endpoint))
    for path, later in endpoints:
        for other, earlier in tree.covering(path):
            methods = (earlier.methods & later.methods) - {"?"}
            if not methods or not _is_sure(earlier, later, project):
                continue
            same = segments(path) == segments(other)
            if earlier.is_before(later):
                yield Shadowing(earlier, later, methods, same)
                break


def _is_sure(earlier: Endpoint, later: Endpoint, project: Project) -> bool:
    """Whether both are registered in one program, as two different path operations."""
    if (earlier.module, earlier.line) == (later.module, later.line):
        return False
    if _stacked(earlier, later):
        return False
    if not earlier.conditions <= later.conditions:
        return False
    return not (_is_versioned(earlier, project) or _is_versioned(later, project))


def _stacked(one: Endpoint, other: Endpoint) -> bool:
    """Whether both decorate one function, where the lowest decorator registers first."""
    return (one.module, one.starts) == (other.module, other.starts)


def _is_versioned(endpoint: Endpoint, project: Project) -> bool:
    function = project.functions.get(endpoint.function)
    return function is not None and any("version" in name.lower() for name in function.decorators)
