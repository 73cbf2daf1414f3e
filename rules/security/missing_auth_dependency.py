"""SEC115."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.security.asked_users import AUTH, MUTATING, asks_for_user, closed_and_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route
    from rules.core.web.urls import Endpoint

_OPEN = re.compile(
    r"(login|logout|register|sign_?up|sign_?in|token|webhook|hook|callback|public|health|refresh|reset|forgot|verify"
    r"|password|oauth|auth|anonymous|guest|search|query|preview|validate|estimate|ping|status|graphql"
    r"|contact|subscribe|recover|decode|parse|convert|calculate|compute|render|test|share|invite"
    r"|setup|install|onboard|feedback|track|collect|event|ingest|otp|otel|trace|session|activate)",
    re.IGNORECASE,
)

_SIBLINGS = 3
"""So many protected ones beside it on the same router show that an open one was forgotten."""
_MANY = 8
_SHARE = 6
"""In the whole app: at least so many protected ones, so many times the open ones."""


@rule(
    "SEC115",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("fastapi-doctor:security/missing-auth-dep",),
    across=True,
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


    @router.put("/{number}")
    def change(number: int, amount: int, user: str = Depends(current_user)): ...


    @router.patch("/{number}")
    def correct(number: int, amount: int, user: str = Depends(current_user)): ...


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
    if file.project is None or not file.routes:
        return
    by_owner: dict[str, list[Route]] = defaultdict(list)
    for route in file.routes:
        if route.methods & MUTATING:
            by_owner[ast.unparse(route.owner)].append(route)
    for owner, routes in by_owner.items():
        if not _router_has_dependencies(owner, file):
            yield from _open_ones(routes, file, file.project)


def _open_ones(routes: list[Route], file: SourceFile, project: Project) -> Iterator[Problem]:
    """The routes of one router that nothing protects, when nearly all the others are protected."""
    judged = [(route, _is_closed(route, file, project)) for route in routes]
    closed = [route for route, is_closed in judged if is_closed]
    left = [
        route
        for route, is_closed in judged
        if is_closed is False
        and not _OPEN.search(f"{route.path} {route.function.name}")
        and not _reads_headers(route, file)
    ]
    if len(left) != 1:
        return
    sibling = (
        f"`{closed[0].label()}` beside it"
        if len(closed) >= _SIBLINGS
        else _sibling(left[0], file, project)
    )
    if sibling:
        yield Problem(
            left[0].function,
            f"`{left[0].label()}` changes data and asks nobody who they are; {sibling}"
            " does. Add the same dependency.",
            confidence=Confidence.MEDIUM,
        )


def _is_closed(route: Route, file: SourceFile, project: Project) -> bool | None:
    """Whether the route or a router or app around it asks for a user; None: nobody can tell."""
    if _asks(route, file):
        return True
    ways = _endpoints(route, file, project)
    answers = {asks_for_user(project, way) for way in ways}
    if not ways or None in answers:
        return None
    return True in answers


def _endpoints(route: Route, file: SourceFile, project: Project) -> list[Endpoint]:
    name = file.defined.name_of(route.function)
    return [
        endpoint
        for endpoint in project.endpoints_by_module.get(file.module, [])
        if endpoint.function == name and endpoint.line == route.call.lineno
    ]


def _sibling(route: Route, file: SourceFile, project: Project) -> str:
    """What to compare with in the app, when nearly all that changes data there is protected."""
    for endpoint in _endpoints(route, file, project):
        closed, open_ = closed_and_open(project, endpoint.app)
        if closed >= _MANY and open_ * _SHARE <= closed:
            return f"each of {closed} others of the app"
    return ""


def _asks(route: Route, file: SourceFile) -> bool:
    """Whether something in the signature or the decorator names a user, a token or a permission."""
    listed = file.argument(route.call, 99, "dependencies")
    if listed is not None and (not isinstance(listed, ast.List) or listed.elts):
        return True
    others = [item for item in route.function.decorator_list if item is not route.call]
    if any(
        AUTH.search(ast.unparse(item))
        for item in others
        if not isinstance(item, ast.Call) or "." not in ast.unparse(item.func)
    ):
        return True
    for argument, default in parameters(route.function):
        texts = [ast.unparse(node) for node in (argument.annotation, default) if node is not None]
        marked = any("Depends(" in text or "Security(" in text for text in texts)
        if (marked or _is_alias(argument, file)) and any(
            AUTH.search(text) for text in (argument.arg, *texts)
        ):
            return True
        if marked and argument.arg.startswith("_"):
            return True
        if any("Header(" in text or "Cookie(" in text for text in texts) and AUTH.search(
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
        or (isinstance(node, ast.Call) and AUTH.search(ast.unparse(node.func)))
        for node in file.body(route.function)
    )
