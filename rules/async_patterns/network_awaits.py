"""Which awaited calls go over the network."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.tables.http_clients import HTTP_REQUESTS

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_DATABASES = (
    "sqlalchemy.ext.asyncio.AsyncSession.", "sqlalchemy.ext.asyncio.AsyncConnection.",
    "asyncpg.Connection.", "asyncpg.Pool.", "aiosqlite.Connection.", "psycopg.AsyncConnection.",
)  # fmt: skip
_QUERIES = {
    "execute", "scalar", "scalars", "get", "fetch", "fetchrow", "fetchval", "commit", "refresh",
    "stream", "executemany", "execute_fetchall", "flush",
}  # fmt: skip


def is_request(call: ast.Call, file: SourceFile) -> bool:
    """Whether the call itself sends an HTTP request."""
    return file.qualified_name(call.func) in HTTP_REQUESTS


def is_query(call: ast.Call, file: SourceFile) -> bool:
    """Whether the call itself asks a database."""
    name = file.qualified_name(call.func) or ""
    return name.startswith(_DATABASES) and name.rsplit(".", 1)[-1] in _QUERIES


def does_network(call: ast.Call, file: SourceFile) -> bool:
    """Whether the call sends an HTTP request, by itself or in the function of this file it calls."""
    if is_request(call, file):
        return True
    function = file.defined.functions.get(file.qualified_name(call.func) or "")
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    return any(
        isinstance(node, ast.Call) and is_request(node, file) for node in file.body(function)
    )
