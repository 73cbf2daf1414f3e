"""The one place at which what is missing in a whole project's database setup is reported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.queries import calls_named

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_CONNECTING = frozenset({"connect", "create_engine", "create_async_engine"})


def first_connect(file: SourceFile) -> ast.Call | None:
    """The call by which the project connects to SQLite first, if it stands in this file."""
    project = file.project
    if project is None or not file.called_names & _CONNECTING:
        return None
    connects = project.database.connects
    if not connects or connects[0].path != file.path:
        return None
    for call in calls_named(file, _CONNECTING):
        if call.lineno == connects[0].line:
            return call
    return None


def is_shared(file: SourceFile) -> bool:
    """Whether several connections or tasks use the database: the project serves requests."""
    project = file.project
    return project is not None and any(facts.routes for facts in project.modules.values())


def listener(call: ast.Call, pragma: str) -> str:
    """How to run a pragma on each new connection, for messages."""
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if last == "connect":
        return f"Run `PRAGMA {pragma}` after connecting."
    return f'Run `PRAGMA {pragma}` in a listener for the engine\'s "connect" event.'
