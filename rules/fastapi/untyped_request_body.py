"""FAS115."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.fastapi.answers import is_fastapi_route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_WITH_BODY = {"post", "put", "patch"}
_FOREIGN = re.compile(
    r"(hook|callback|proxy|forward|event|relay|rpc|ingest|telemetry|graphql|slack|stripe|github|passthrough"
    r"|passkey|webauthn|config|setting|metadata|query|raw|import)",
    re.IGNORECASE,
)
_UNTYPED = {"dict", "typing.Dict", "typing.Any", "typing.Mapping", "collections.abc.Mapping"}
_MARKERS = {"fastapi.Body", "fastapi.params.Body", "fastapi.param_functions.Body"}
_FIELDS = 2


@rule(
    "FAS115",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("fastapi-doctor",),
)
def untyped_request_body(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The fields of a request's body are taken from a plain dict.

    Nothing checks them: a missing field is a 500 and not a 422, a text goes where a number is
    wanted, and the documentation shows nothing. Declare a Pydantic model.

    ```python
    from fastapi import FastAPI, Request

    app = FastAPI()


    @app.post("/orders")
    async def create(body: dict) -> float:  # finding
        return body["price"] * body["size"]


    @app.put("/orders")
    async def change(request: Request) -> float:
        data = await request.json()  # finding
        return data["price"] * data["size"]
    ```

    A model, a body that is passed on as it is, and a webhook, whose form others decide:

    ```python
    from fastapi import FastAPI, Request
    from pydantic import BaseModel

    app = FastAPI()


    class Order(BaseModel):
        price: float


    @app.post("/orders")
    async def create(order: Order) -> float:
        return order.price


    @app.post("/notes")
    async def note(body: dict) -> None:
        save(body)


    @app.post("/webhook")
    async def webhook(request: Request) -> str:
        data = await request.json()
        return data["type"] + data["id"]
    ```
    """
    for route in file.routes:
        if not route.methods & _WITH_BODY or not is_fastapi_route(route):
            continue
        if _FOREIGN.search(f"{route.path} {route.function.name} {file.path}"):
            continue
        yield from _dict_parameters(route, file)
        if not _has_model(route, file):
            yield from _read_by_hand(route, file)


def _has_model(route: Route, file: SourceFile) -> bool:
    """Whether a parameter declares the body already, and the raw JSON is read besides."""
    project = file.project
    return project is not None and any(
        project.inherits(file.annotation(argument.annotation) or "", "pydantic.BaseModel")
        for argument, _ in parameters(route.function)
    )


def _dict_parameters(route: Route, file: SourceFile) -> Iterator[Problem]:
    for argument, default in parameters(route.function):
        if argument.annotation is None or file.annotation(argument.annotation) not in _UNTYPED:
            continue
        if default is not None and not _is_body(default, file):
            continue
        fields = _fields(argument.arg, route, file)
        if len(fields) >= _FIELDS:
            yield Problem(
                argument,
                f"`{argument.arg}` of `{route.label()}` is a plain dict, so nobody checks"
                f" {', '.join(f'`{each}`' for each in fields[:3])}. Declare a Pydantic model with these fields.",
                confidence=Confidence.MEDIUM,
            )


def _is_body(default: ast.expr, file: SourceFile) -> bool:
    return isinstance(default, ast.Call) and file.qualified_name(default.func) in _MARKERS


def _read_by_hand(route: Route, file: SourceFile) -> Iterator[Problem]:
    told: set[str] = set()
    for node in file.body(route.function):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Await(
                    value=ast.Call(func=ast.Attribute(attr="json") as function, args=[])
                ),
            ) if file.qualified_name(function) == "fastapi.Request.json":
                fields = _fields(name, route, file)
            case _:
                continue
        if len(fields) >= _FIELDS and name not in told:
            told.add(name)
            yield Problem(
                node,
                f"`{route.label()}` takes {', '.join(f'`{each}`' for each in fields[:3])} from the raw JSON, unchecked."
                " Declare a Pydantic model as a parameter.",
                confidence=Confidence.MEDIUM,
            )


def _fields(name: str, route: Route, file: SourceFile) -> list[str]:
    """The constant keys that the handler reads from a variable, in the order of the text."""
    found: dict[str, None] = {}
    for node in file.body(route.function):
        match node:
            case (
                ast.Subscript(
                    value=ast.Name(id=owner), slice=ast.Constant(value=str(key)), ctx=ast.Load()
                )
                | ast.Call(
                    func=ast.Attribute(value=ast.Name(id=owner), attr="get"),
                    args=[ast.Constant(value=str(key)), *_],
                )
            ) if owner == name:
                found.setdefault(key)
            case _:
                pass
    return list(found)
