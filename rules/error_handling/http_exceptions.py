"""Where a file makes an `HTTPException` and with which status."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile

HTTP_EXCEPTIONS = frozenset({"fastapi.HTTPException", "starlette.HTTPException"})
_NAMED = re.compile(r"HTTP_(\d{3})_")


def is_http_exception(node: ast.expr | None, file: SourceFile) -> bool:
    """Whether an expression is an `HTTPException` that was made."""
    match node:
        case ast.Call(func=function):
            return file.qualified_name(function) in HTTP_EXCEPTIONS
        case ast.Name():
            return any(is_http_exception(value, file) for value in file.values(node))
        case ast.IfExp(body=body, orelse=orelse):
            return is_http_exception(body, file) or is_http_exception(orelse, file)
        case _:
            return False


def status_of(call: ast.Call, file: SourceFile) -> int | None:
    """The status code with which an `HTTPException` is made; None when nobody can tell."""
    given = file.argument(call, 0, "status_code")
    if isinstance(given, ast.Attribute):
        if found := _NAMED.match(given.attr):
            return int(found[1])
        return _STATUSES.get(given.attr)
    value = file.literal(given)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_STATUSES = {
    "OK": 200, "CREATED": 201, "ACCEPTED": 202, "NO_CONTENT": 204, "MOVED_PERMANENTLY": 301,
    "FOUND": 302, "SEE_OTHER": 303, "NOT_MODIFIED": 304, "BAD_REQUEST": 400, "UNAUTHORIZED": 401,
    "FORBIDDEN": 403, "NOT_FOUND": 404, "CONFLICT": 409, "UNPROCESSABLE_ENTITY": 422,
    "TOO_MANY_REQUESTS": 429, "INTERNAL_SERVER_ERROR": 500, "BAD_GATEWAY": 502,
    "SERVICE_UNAVAILABLE": 503, "GATEWAY_TIMEOUT": 504,
}  # fmt: skip
"""Members of `http.HTTPStatus`."""
