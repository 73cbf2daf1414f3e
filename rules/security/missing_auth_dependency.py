"""SEC115."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.routes import Route
    from rules.core.source import SourceFile

_MUTATING = {"post", "put", "patch", "delete"}
_AUTH = re.compile(
    r"(auth|user|admin|token|login|permission|require|verify|api_?key|secur|session_?user|identity|principal|owner"
    r"|current|check_|guard|credential|access|key_info|wallet|key_?checker|tenant|organization|superuser|role|jwt|signature)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(login|logout|register|sign_?up|sign_?in|token|webhook|hook|callback|public|health|refresh|reset|forgot|verify"
    r"|password|oauth|auth|anonymous|search|query|preview|validate|estimate|ping|status|graphql|contact|subscribe|recover|decode|parse|convert|calculate|compute|render|test)",
    re.IGNORECASE,
)


@rule(
    "SEC115",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("fastapi-doctor:security/missing-auth-dep",),
)
def missing_auth_dependency(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route that changes data asks nobody who they are, while its siblings do.

    One route that was forgotten is enough: it is public. Give it the dependency of the others, or
    give it to the whole router.

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter(prefix="/orders")


    def current_user() -> str: ...


    @router.get("/")
    def orders(user: str = Depends(current_user)): ...


    @router.post("/")
    def create(amount: int, user: str = Depends(current_user)): ...


    @router.delete("/{number}")
    def delete(number: int): ...  # finding
    ```

    A dependency of the router covers all its routes:

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter(prefix="/orders", dependencies=[Depends(lambda: None)])


    def current_user() -> str: ...


    @router.post("/")
    def create(amount: int, user: str = Depends(current_user)): ...


    @router.delete("/{number}")
    def delete(number: int): ...
    ```

    A login is open by its nature:

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter()


    def current_user() -> str: ...


    @router.put("/me")
    def change(name: str, user: str = Depends(current_user)): ...


    @router.post("/login")
    def login(name: str, password: str): ...
    ```
    """
    by_owner: dict[str, list[Route]] = defaultdict(list)
    for route in file.routes:
        by_owner[ast.unparse(route.owner)].append(route)
    for owner, routes in by_owner.items():
        changing = [route for route in routes if route.methods & _MUTATING]
        if not changing or _router_has_dependencies(owner, file):
            continue
        asked = [route for route in routes if _asks(route, file)]
        if any(route.methods & _MUTATING for route in asked) and len(asked) * 2 >= len(routes):
            yield from _open_ones(changing, asked, file)


def _open_ones(changing: list[Route], asked: list[Route], file: SourceFile) -> Iterator[Problem]:
    closed = [route for route in changing if route in asked]
    forgotten = len(closed) >= 3 and len(changing) - len(closed) == 1
    for route in changing:
        if route in asked or _OPEN.search(f"{route.path} {route.function.name}"):
            continue
        if _reads_headers(route, file):
            continue
        yield Problem(
            route.function,
            f"`{route.label()}` changes data and asks nobody who they are; `{asked[0].label()}` beside it"
            " does. Add the same dependency.",
            confidence=Confidence.MEDIUM if forgotten else Confidence.LOW,
        )


def _asks(route: Route, file: SourceFile) -> bool:
    """Whether something in the signature or the decorator names a user, a token or a permission."""
    listed = file.argument(route.call, 99, "dependencies")
    if listed is not None and (not isinstance(listed, ast.List) or listed.elts):
        return True
    others = [item for item in route.function.decorator_list if item is not route.call]
    if any(
        _AUTH.search(ast.unparse(item))
        for item in others
        if not isinstance(item, ast.Call) or "." not in ast.unparse(item.func)
    ):
        return True
    for argument, default in parameters(route.function):
        texts = [ast.unparse(node) for node in (argument.annotation, default) if node is not None]
        marked = any("Depends(" in text or "Security(" in text for text in texts)
        if (marked or _is_alias(argument, file)) and any(
            _AUTH.search(text) for text in (argument.arg, *texts)
        ):
            return True
        if marked and argument.arg.startswith("_"):
            return True
        if any("Header(" in text or "Cookie(" in text for text in texts) and _AUTH.search(
            argument.arg
        ):
            return True
    return False


def _is_alias(argument: ast.arg, file: SourceFile) -> bool:
    """Whether the annotation is a name like `CurrentUser`, which may hide a dependency."""
    return isinstance(argument.annotation, ast.Name) and file.annotation(argument.annotation) not in {
        "str", "int", "float", "bool", "dict", "list",
    }  # fmt: skip


def _router_has_dependencies(owner: str, file: SourceFile) -> bool:
    """Whether the router or app, or an `include_router` of this file, has dependencies of its own."""
    for statement in file.of(ast.Assign):
        if isinstance(statement.value, ast.Call) and ast.unparse(statement.targets[0]) == owner:
            keywords = {keyword.arg for keyword in statement.value.keywords}
            if keywords & {"dependencies", "route_class", None}:
                return True
    return any(
        call.args
        and ast.unparse(call.args[0]) == owner
        and any(k.arg == "dependencies" for k in call.keywords)
        for call in file.calls("include_router")
    )


def _reads_headers(route: Route, file: SourceFile) -> bool:
    """Whether the handler checks a header, a cookie or a session itself."""
    return any(
        (
            isinstance(node, ast.Attribute)
            and node.attr in {"headers", "cookies", "session", "user", "state"}
        )
        or (isinstance(node, ast.Call) and _AUTH.search(ast.unparse(node.func)))
        for node in file.body(route.function)
    )
