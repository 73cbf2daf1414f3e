"""Calls that open a connection: the drivers' own, and functions of the project that give one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.core.sql.given_connections import given_connections
from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_NAMES = {name.removesuffix("()").rsplit(".", 1)[-1] for name in CONNECT}


def openings(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    """Every call that opens a connection or session, with its name in `CONNECT`."""
    given = _given(file)
    last_names = {name.rsplit(".", 1)[-1] for name in given}
    called = sorted((_names(file) | last_names) & file.called_names)
    for call in file.calls(*called) if called else ():
        name = file.qualified_name(call.func) or ""
        connect = name if name in CONNECT else given.get(name, "")
        if connect:
            yield call, connect


def _names(file: SourceFile) -> set[str]:
    """Last names of connecting calls; those of session makers can be any name."""
    if not file.imports("sqlalchemy", "sqlmodel") and "sessionmaker" not in file.text:
        return _NAMES
    return _NAMES | {name for name in file.called_names if "session" in name.lower()}


def _given(file: SourceFile) -> dict[str, str]:
    def collect() -> dict[str, str]:
        elsewhere = file.project.database.given if file.project is not None else {}
        return {**elsewhere, **dict(given_connections(file))}

    return file.memo("resource_management.given", collect)
