"""The FastAPI path operations and dependencies that one file defines."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_OTHER = frozenset({"api_route", "route", "websocket", "websocket_route"})
_OWNERS = frozenset({"fastapi.FastAPI", "fastapi.APIRouter"})
_OWNER_NAME = re.compile(r"(^|_)(app|api|router|routes?)$")
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security", "fastapi.params.Depends"})


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One path operation.

    `methods` are in lower case: `websocket` for a socket, `?` when they are computed. `path` is
    as written. `owner` is the expression of the app or router, `prefix` that of a router in this file. `path` is
    None when it is not constant.
    """

    function: FunctionNode
    methods: frozenset[str]
    path: str | None
    owner: ast.expr
    call: ast.Call
    prefix: str = ""

    @property
    def is_websocket(self) -> bool:
        """Whether this is a websocket endpoint."""
        return "websocket" in self.methods

    def label(self) -> str:
        """`GET /markets/{id}`, for messages."""
        methods = "/".join(sorted(method.upper() for method in self.methods))
        return f"{methods} {'…' if self.path is None else self.path or self.prefix or '/'}"


def routes_of(file: SourceFile) -> list[Route]:
    """Every path operation of the file, by decorator or by `add_api_route`."""
    if not file.imports("fastapi", "starlette") and not _mentions_router(file):
        return []
    found = [
        route
        for function in file.functions
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
        and (route := _route(file, function, decorator)) is not None
    ]
    return [*found, *_added(file)]


def dependencies_of(file: SourceFile) -> frozenset[str]:
    """Dotted names of everything that the file gives to `Depends` or `Security`."""
    found: set[str] = set()
    for call in file.calls("Depends", "Security"):
        given = file.argument(call, 0, "dependency")
        if given is not None and (name := file.qualified_name(given)):
            found.add(name)
    return frozenset(found)


def is_dependency_marker(file: SourceFile, node: ast.AST) -> bool:
    """Whether an expression is a call of `Depends` or `Security`."""
    return isinstance(node, ast.Call) and file.qualified_name(node.func) in _DEPENDS


def _mentions_router(file: SourceFile) -> bool:
    return any("router" in name.lower() for name in file.imported_modules)


def _route(file: SourceFile, function: FunctionNode, decorator: ast.Call) -> Route | None:
    match decorator.func:
        case ast.Attribute(value=owner, attr=attr) if attr in METHODS | _OTHER:
            if not _is_owner(file, owner):
                return None
            return Route(
                function,
                _methods(file, attr, decorator),
                _path(file, decorator),
                owner,
                decorator,
                _prefix(file, owner),
            )
        case _:
            return None


def _prefix(file: SourceFile, owner: ast.expr) -> str:
    """The prefix that a router is made with, when the file says it."""
    made = file.value(owner) if isinstance(owner, ast.Name) else None
    given = file.argument(made, 0, "prefix") if isinstance(made, ast.Call) else None
    return (file.constant_text(given) or "") if given is not None else ""


def _is_owner(file: SourceFile, owner: ast.expr) -> bool:
    name = file.qualified_name(owner)
    if name in _OWNERS:
        return True
    if name is not None and name.split(".")[0] in {"flask", "aiohttp", "sanic", "typer", "click"}:
        return False
    last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return bool(_OWNER_NAME.search(last)) and not file.imports("flask", "aiohttp.web", "litestar")


def _methods(file: SourceFile, attr: str, call: ast.Call) -> frozenset[str]:
    if attr in METHODS:
        return frozenset({attr})
    if attr in {"websocket", "websocket_route"}:
        return frozenset({"websocket"})
    argument = file.argument(call, 99, "methods")
    given = file.literal(argument) if argument is not None else None
    if isinstance(given, (list, tuple, set)):
        names = cast("Iterable[object]", given)
        return frozenset(str(method).lower() for method in names)
    return frozenset({"get"} if given is None else {"?"})


def _path(file: SourceFile, call: ast.Call) -> str | None:
    given = file.argument(call, 0, "path")
    return file.constant_text(given) if given is not None else None


def _added(file: SourceFile) -> Iterator[Route]:
    by_name = file.defined.functions
    for call in file.calls("add_api_route", "add_api_websocket_route"):
        endpoint = file.argument(call, 1, "endpoint")
        function = by_name.get(file.qualified_name(endpoint) or "")
        if function is None or not isinstance(call.func, ast.Attribute):
            continue
        if not _is_owner(file, call.func.value):
            continue
        socket = call.func.attr == "add_api_websocket_route"
        methods = frozenset({"websocket"}) if socket else _methods(file, "api_route", call)
        yield Route(function, methods, _path(file, call), call.func.value, call)
