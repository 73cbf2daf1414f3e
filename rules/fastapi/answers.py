"""What a path operation says about its answers, and what it really returns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.web.routes import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_RESPONSES = ("Response", "EventSourceResponse")


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument of a call."""
    return next((item.value for item in call.keywords if item.arg == name), None)


def is_open(call: ast.Call) -> bool:
    """Whether `**options` may give the call more keyword arguments."""
    return any(item.arg is None for item in call.keywords)


def is_fastapi_route(route: Route) -> bool:
    """Whether FastAPI makes the answer of it: not a socket, not Starlette's plain `route`."""
    function = route.call.func
    return (
        isinstance(function, ast.Attribute)
        and (function.attr in METHODS or function.attr in {"api_route", "add_api_route"})
        and not route.is_websocket
    )


def is_health_check(route: Route) -> bool:
    """Whether it only tells machines that the service runs."""
    last = (route.path or "").rstrip("/").rpartition("/")[2]
    return last in {"health", "healthz", "healthcheck", "ping", "livez", "readyz", "ready", "alive"}


def returns(function: FunctionNode, file: SourceFile) -> Iterator[ast.Return]:
    """The `return` statements of the function itself."""
    for node in file.body(function):
        if isinstance(node, ast.Return):
            yield node


def is_response(node: ast.expr | None, file: SourceFile) -> bool:
    """Whether an expression is a response object by its class, or by the name of what made it."""
    if node is None:
        return False
    name = file.qualified_name(node) or ""
    if isinstance(node, ast.Call) and not name:
        name = ast.unparse(node.func)
    return name.removesuffix("()").endswith(_RESPONSES)


def declares_answer(route: Route) -> bool:
    """Whether a `response_model`, a `response_class` or a return annotation says what comes back."""
    return (
        is_open(route.call)
        or route.function.returns is not None
        or keyword(route.call, "response_model") is not None
        or keyword(route.call, "response_class") is not None
    )


def status_code(call: ast.Call, file: SourceFile) -> int | None:
    """The constant `status_code` of a call, also as `status.HTTP_404_NOT_FOUND`."""
    return status_of(keyword(call, "status_code"), file)


def status_of(node: ast.expr | None, file: SourceFile) -> int | None:
    """A status as a number, or None when it is computed or absent."""
    if node is None:
        return None
    value = file.literal(node)
    if isinstance(value, int):
        return value
    if isinstance(node, ast.Attribute):
        digits = node.attr.removeprefix("HTTP_")[:3]
        if digits.isdigit():
            return int(digits)
        return _NAMES.get(node.attr)
    return None


_NAMES = {
    "OK": 200, "CREATED": 201, "ACCEPTED": 202, "NO_CONTENT": 204, "NOT_MODIFIED": 304,
    "BAD_REQUEST": 400, "UNAUTHORIZED": 401, "FORBIDDEN": 403, "NOT_FOUND": 404, "CONFLICT": 409,
}  # fmt: skip
