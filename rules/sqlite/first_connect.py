"""The one place at which what is missing in a whole project's database setup is reported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.sql.queries import calls_named

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


def is_shared(call: ast.Call, file: SourceFile) -> bool:
    """Whether several connections use the database: the project serves requests, and not by one.

    A single connection that an object or the module keeps has no other one to wait for.
    """
    project = file.project
    if project is None or not any(facts.routes for facts in project.modules.values()):
        return False
    return len(project.database.connects) > 1 or not _is_kept(call, file)


def _is_kept(call: ast.Call, file: SourceFile) -> bool:
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    parent = file.parent(call)
    if isinstance(parent, ast.Await):
        parent = file.parent(parent)
    if last != "connect" or not isinstance(parent, (ast.Assign, ast.AnnAssign)):
        return False
    target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
    return isinstance(target, ast.Attribute) or file.enclosing_function(call) is None


def listener(call: ast.Call, pragma: str) -> str:
    """How to run a pragma on each new connection, for messages."""
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if last == "connect":
        return f"Run `PRAGMA {pragma}` after connecting."
    return f'Run `PRAGMA {pragma}` in a listener for the engine\'s "connect" event.'
