"""Which path operations ask who is calling, with everything that routers and apps give to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.core.web.urls import asked_by

if TYPE_CHECKING:
    from rules.core.project import Project
    from rules.core.web.urls import Endpoint

MUTATING = frozenset({"post", "put", "patch", "delete"})
AUTH = re.compile(
    r"(auth|user|admin|token|login|permission|require|verify|api_?key|secur|session_?user|identity"
    r"|principal|owner|current|check_|guard|credential|access|key_info|wallet|key_?checker|tenant"
    r"|organization|superuser|role|jwt|signature|bearer|HTTPBasic|caller|member|actor|subject|scope)",
    re.IGNORECASE,
)
_DEPTH = 6


def all_dependencies(project: Project, endpoint: Endpoint) -> frozenset[str]:
    """Dotted names of what an endpoint asks for, and of what that asks for; `?` for an unknown."""
    return frozenset(name for asked in endpoint.depends for name in _behind(project, asked))


def _behind(project: Project, dependency: str) -> frozenset[str]:
    return project.memo(f"behind {dependency}", lambda: _closure(project, dependency))


def _closure(project: Project, dependency: str) -> frozenset[str]:
    seen = {dependency}
    near = [dependency]
    for _ in range(_DEPTH):
        near = [
            asked
            for name in near
            if name in project.functions
            for asked in asked_by(project, name)
            if asked not in seen
        ]
        seen.update(near)
    return frozenset(seen)


def asks_for_user(project: Project, endpoint: Endpoint) -> bool | None:
    """Whether a dependency is named like one that knows the user; None when one is unknown."""
    names = all_dependencies(project, endpoint)
    if any(AUTH.search(name) for name in names):
        return True
    known = project.functions.get(endpoint.function)
    if known is not None and any(AUTH.search(name) for name in known.decorators):
        return True
    return None if "?" in names or endpoint.path is None else False


def closed_and_open(project: Project, app: str) -> tuple[int, int]:
    """How many of an app's path operations that change data ask for a user, and how many do not."""
    return _counts(project).get(app, (0, 0))


def _counts(project: Project) -> dict[str, tuple[int, int]]:
    return project.memo("closed and open", lambda: _counted(project))


def _counted(project: Project) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for endpoint in project.endpoints:
        if endpoint.methods & MUTATING:
            asks = asks_for_user(project, endpoint)
            closed, open_ = found.get(endpoint.app, (0, 0))
            found[endpoint.app] = (closed + (asks is True), open_ + (asks is not True))
    return found
