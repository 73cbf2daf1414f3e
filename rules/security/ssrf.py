"""SEC109."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.flow.across_files import deliveries
from rules.core.flow.addresses import chosen_host
from rules.core.flow.sinks import sinks
from rules.core.flow.tracing import flow_of
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CLIENT = re.compile(r"^(httpx\.(Async)?Client|aiohttp\.ClientSession)$")


@rule(
    "SEC109",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/full-ssrf", "ruff:S310"),
)
def ssrf(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A client chooses the address to which this service sends a request.

    From inside the network the service reaches what the client cannot: databases, admin pages,
    the cloud's metadata with its keys. Allow a list of hosts, or build the address from a constant.

    ```python
    import httpx
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/preview")
    async def preview(url: str):
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).text  # finding


    @router.get("/status")
    def status(host: str):
        return httpx.get(f"https://{host}/status").json()  # finding
    ```

    A value behind a constant host, or a host from a list, is fine:

    ```python
    import httpx
    from fastapi import APIRouter, HTTPException

    router = APIRouter()
    HOSTS = {"a.example.org", "b.example.org"}
    BASE = "https://api.example.org"


    @router.get("/markets/{slug}")
    def market(slug: str):
        return httpx.get(f"{BASE}/markets/{slug}").json()


    @router.get("/status")
    def status(host: str):
        if host not in HOSTS:
            raise HTTPException(status_code=400, detail="unknown host")
        return httpx.get(f"https://{host}/status").json()
    ```
    """
    flow = flow_of(file)
    for sink in sinks(file, "url"):
        host = chosen_host(file, sink.value, "url")
        if host is None:
            continue
        origin = flow.request_data(host, "url")
        if origin is None or origin.kind == "request":
            continue
        yield Problem(
            sink.call,
            f"`{sink.callee}` goes to an address from {origin.label()}: a client can reach services inside"
            " the network. Check the host against a list.",
            confidence=origin.confidence,
            trace=origin.trace,
        )
    for delivery in deliveries(file, "url"):
        origin = delivery.origin
        if origin.kind == "request" or chosen_host(file, delivery.value, "url") is None:
            continue
        yield Problem(
            delivery.call,
            f"`{delivery.callee}` sends a request to {origin.label()} by {delivery.way.place}: a client can reach"
            " services inside the network. Check the host against a list.",
            confidence=origin.confidence,
            trace=delivery.trace,
        )
