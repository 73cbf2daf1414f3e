"""FAS107."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule
from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_CORS = "fastapi.middleware.cors.CORSMiddleware"
_ROUTES = {
    "get", "post", "put", "patch", "delete", "api_route", "websocket", "add_api_route",
    "include_router",
}  # fmt: skip


@rule("FAS107", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def router_order(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Something is added after the moment at which it would have counted.

    `include_router` copies the routes that the router has at that moment; what is added to it
    later is answered with 404.

    ```python
    from fastapi import APIRouter, FastAPI

    app = FastAPI()
    api = APIRouter(prefix="/api")
    news = APIRouter(prefix="/news")

    app.include_router(api)
    api.include_router(news)  # finding
    ```

    Middleware that is added later stands outside of what was added before. An answer that it
    gives by itself goes out without the headers of CORS, and the browser hides it from the page:

    ```python
    from fastapi import FastAPI, Request
    from fastapi.middleware.cors import CORSMiddleware
    from fastapi.responses import JSONResponse

    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])


    @app.middleware("http")
    async def check_key(request: Request, call_next):  # finding
        if "x-key" not in request.headers:
            return JSONResponse({"detail": "No key"}, status_code=401)
        return await call_next(request)
    ```

    Children first, and CORS last:

    ```python
    from fastapi import APIRouter, FastAPI, Request
    from fastapi.middleware.cors import CORSMiddleware
    from fastapi.responses import JSONResponse

    app = FastAPI()
    api = APIRouter(prefix="/api")
    news = APIRouter(prefix="/news")


    @news.get("/")
    async def latest() -> list[str]: ...


    api.include_router(news)
    app.include_router(api)


    @app.middleware("http")
    async def check_key(request: Request, call_next):
        if "x-key" not in request.headers:
            return JSONResponse({"detail": "No key"}, status_code=401)
        return await call_next(request)


    app.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])
    ```

    Middleware that always passes the request on may stand outside:

    ```python
    from fastapi import FastAPI, Request
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])


    @app.middleware("http")
    async def add_time(request: Request, call_next):
        response = await call_next(request)
        response.headers["x-time"] = "1"
        return response
    ```
    """
    if file.called_names.isdisjoint({"include_router", "add_middleware"}):
        return
    yield from _added_too_late(file)
    yield from _outside_of_cors(file)


def _added_too_late(file: SourceFile) -> Iterator[Problem]:
    """Routes and routers given to a router of this file after it was included."""
    included: dict[tuple[str, ast.AST], ast.Call] = {}
    for call in file.calls("include_router"):
        router = file.argument(call, 0, "router")
        if isinstance(router, ast.Name) and _is_unconditional(call, file):
            included.setdefault((router.id, file.scopes.of(call)), call)
    if not included:
        return
    for call in file.calls(*_ROUTES):
        match call.func:
            case ast.Attribute(value=ast.Name(id=name)):
                first = included.get((name, file.scopes.of(call)))
            case _:
                continue
        if (
            first is not None
            and first.lineno < call.lineno
            and not _is_new(name, first, call, file)
        ):
            yield Problem(
                call,
                f"`{name}` was included in line {first.lineno} already, so what is added to it here is never"
                " reached. Include it after all of its routes.",
                trace=(
                    Step(file.path, first.lineno, f"`{name}` is copied with the routes it has"),
                ),
            )


def _is_unconditional(call: ast.Call, file: SourceFile) -> bool:
    return isinstance(file.parent(file.statement(call)), (ast.Module, *FUNCTIONS))


def _is_new(name: str, first: ast.Call, call: ast.Call, file: SourceFile) -> bool:
    """Whether the variable was given another router in between, or is a loop variable."""
    bindings = file.scopes.lookup(name, file.scopes.of(call))
    return any(
        binding.kind != "assign" or first.lineno < binding.line < call.lineno
        for binding in bindings
    )


def _outside_of_cors(file: SourceFile) -> Iterator[Problem]:
    cors = [
        call
        for call in file.calls("add_middleware")
        if call.args and file.qualified_name(call.args[0]) == _CORS
    ]
    if len(cors) != 1 or not isinstance(cors[0].func, ast.Attribute):
        return
    owner, scope = ast.unparse(cors[0].func.value), file.scopes.of(cors[0])
    for call in file.calls("middleware"):
        function = file.parent(call)
        if (
            isinstance(function, FUNCTIONS)
            and isinstance(call.func, ast.Attribute)
            and ast.unparse(call.func.value) == owner
            and file.scopes.of(function) is scope
            and call.lineno > cors[0].lineno
            and _answers_itself(function, file)
        ):
            yield Problem(
                function,
                f"`{function.name}` stands outside of `CORSMiddleware`, so a browser cannot read the answers that"
                " it gives by itself. Add `CORSMiddleware` last.",
                trace=(Step(file.path, cors[0].lineno, "`CORSMiddleware` is added before"),),
            )


def _answers_itself(function: FunctionNode, file: SourceFile) -> bool:
    """Whether it returns a response that it made and did not get from `call_next`."""
    return any(
        isinstance(node, ast.Return)
        and isinstance(node.value, ast.Call)
        and (file.qualified_name(node.value.func) or "").startswith("fastapi.responses.")
        for node in file.body(function)
    )
