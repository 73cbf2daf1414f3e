"""SEC116."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow.across_files import deliveries
from rules.core.flow.addresses import chosen_host
from rules.core.flow.sinks import sinks
from rules.core.flow.tracing import flow_of
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "SEC116",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/url-redirection",),
)
def open_redirect(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A client chooses where this service sends the browser.

    A link to the trusted site then leads to a copy of its login page elsewhere. Allow paths of
    this site only, or a list of hosts.

    ```python
    from fastapi import APIRouter
    from fastapi.responses import RedirectResponse

    router = APIRouter()


    @router.get("/login/done")
    def done(next: str = "/"):
        return RedirectResponse(next)  # finding
    ```

    A path of this site, or a target from a list, is fine:

    ```python
    from fastapi import APIRouter
    from fastapi.responses import RedirectResponse

    router = APIRouter()
    TARGETS = {"home": "/", "shop": "https://shop.example.org"}


    @router.get("/go/{name}")
    def go(name: str):
        return RedirectResponse(TARGETS.get(name, "/"))


    @router.get("/old/{slug}")
    def old(slug: str):
        return RedirectResponse(f"/new/{slug}")


    @router.get("/login/done")
    def done(next: str = "/"):
        if not next.startswith("/") or next.startswith("//"):
            next = "/"
        return RedirectResponse(next)
    ```
    """
    flow = flow_of(file)
    for sink in sinks(file, "redirect"):
        host = chosen_host(file, sink.value, "redirect")
        if host is None:
            continue
        origin = flow.request_data(host, "redirect")
        if origin is None or origin.kind in {"request", "websocket"}:
            continue
        if (
            origin.kind == "path"
            and isinstance(origin.node, ast.arg)
            and ":path" not in origin.place
        ):
            continue
        yield Problem(
            sink.call,
            f"The redirect goes to {origin.label()}: a link to this site can lead to any other. Allow only"
            " paths of this site or listed hosts.",
            confidence=origin.confidence,
            trace=origin.trace,
        )
    for delivery in deliveries(file, "redirect"):
        origin = delivery.origin
        if origin.kind in {"request", "websocket", "path"} or not chosen_host(
            file, delivery.value, "redirect"
        ):
            continue
        yield Problem(
            delivery.call,
            f"`{delivery.callee}` redirects to {origin.label()} by {delivery.way.place}: a link to this site can lead"
            " to any other. Allow only paths of this site or listed hosts.",
            confidence=origin.confidence,
            trace=delivery.trace,
        )
