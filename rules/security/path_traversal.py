"""SEC108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow.across_files import deliveries
from rules.core.flow.facts import is_contained
from rules.core.flow.sinks import Sink, sinks
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.flow.across_files import Delivery
    from rules.core.flow.origins import Origin
    from rules.core.source import SourceFile

_OF_FOLDERS = {
    "rmtree", "rmdir", "listdir", "scandir", "walk", "iterdir", "glob", "rglob", "StaticFiles",
    "rename", "move",
}  # fmt: skip


@rule(
    "SEC108",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/path-injection",),
)
def path_traversal(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A client chooses which file is opened.

    `../` in the value, or an absolute path after `/` of a `Path`, leads out of the folder: to
    settings, keys, the database. Resolve the path and check that it is still inside.

    ```python
    from pathlib import Path

    from fastapi import APIRouter
    from fastapi.responses import FileResponse

    router = APIRouter()
    FILES = Path("files")


    @router.get("/files/{name:path}")
    async def file(name: str):
        return FileResponse(FILES / name)  # finding: critical


    @router.get("/logs")
    def log(name: str):
        return open(f"logs/{name}.txt").read()  # finding: critical
    ```

    The name that an upload brings along is chosen by the client too:

    ```python
    from fastapi import APIRouter, UploadFile

    router = APIRouter()


    @router.post("/upload")
    async def upload(file: UploadFile):
        with open("uploads/" + file.filename, "wb") as target:  # finding: critical
            target.write(await file.read(1_000_000))
    ```

    A path that is checked to be inside its folder is fine, and so is a bare file name:

    ```python
    from pathlib import Path

    from fastapi import APIRouter, HTTPException
    from fastapi.responses import FileResponse

    router = APIRouter()
    FILES = Path("files").resolve()


    @router.get("/files/{name:path}")
    async def file(name: str):
        path = (FILES / name).resolve()
        if not path.is_relative_to(FILES):
            raise HTTPException(status_code=404)
        return FileResponse(path)


    @router.get("/plain")
    async def plain(name: str):
        return FileResponse(FILES / Path(name).name)
    ```

    So is a number:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/reports/{number}")
    def report(number: int):
        return open(f"reports/{number}.txt").read()
    ```
    """
    flow = flow_of(file)
    for sink in sinks(file, "path"):
        origin = flow.request_data(sink.value, "path")
        if (
            origin is not None
            and not is_contained(file, sink)
            and not _is_content(sink.value, origin)
            and not _stays_inside(file, origin, sink.callee)
        ):
            yield _problem(file, sink, origin)
    for delivery in deliveries(file, "path"):
        sink = delivery.way.sink
        if not _is_content(delivery.value, delivery.origin) and not _stays_inside(
            file, delivery.origin, sink.callee
        ):
            yield _delivered(file, delivery)


def _delivered(file: SourceFile, delivery: Delivery) -> Problem:
    origin = delivery.origin
    is_segment = _is_one_segment(file, origin)
    reaches = "`..` leads out of the folder" if is_segment else "`../` reaches any file"
    return Problem(
        delivery.call,
        f"`{delivery.callee}` gives {origin.label()} to {delivery.way.place} as a path: {reaches}."
        " Check there that it `is_relative_to(folder)`.",
        severity=Severity.WARNING if is_segment else Severity.CRITICAL,
        confidence=Confidence.HIGH if origin.sure and not is_segment else Confidence.MEDIUM,
        trace=delivery.trace,
    )


def _is_content(value: ast.expr, origin: Origin) -> bool:
    """Whether it is what an upload holds, and not the name that it brings along."""
    return origin.kind == "file" and isinstance(value, ast.Name) and value.id == origin.name


def _stays_inside(file: SourceFile, origin: Origin, callee: str) -> bool:
    """Whether a single part of a path leads to a file, which `..` alone never names."""
    return _is_one_segment(file, origin) and callee.rsplit(".", 1)[-1] not in _OF_FOLDERS


def _problem(file: SourceFile, sink: Sink, origin: Origin) -> Problem:
    callee = sink.callee.rsplit(".", 1)[-1] if "Path." not in sink.callee else sink.callee
    if _is_one_segment(file, origin):
        return Problem(
            sink.call,
            f"`{callee}` takes a folder with {origin.label()} in it: `..` leads out of it."
            " Check `path.resolve().is_relative_to(folder)`.",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
            trace=origin.trace,
        )
    what = "the name of an uploaded file" if origin.kind == "file" else origin.label()
    return Problem(
        sink.call,
        f"`{callee}` opens a path with {what} in it: `../` reaches any file of this process."
        " Resolve it and check `is_relative_to(folder)`.",
        confidence=origin.confidence,
        trace=origin.trace,
    )


def _is_one_segment(file: SourceFile, origin: Origin) -> bool:
    """Whether it is a path parameter that cannot hold a slash: `{name}` and not `{name:path}`."""
    if origin.kind != "path" or not isinstance(origin.node, ast.arg):
        return False
    route = file.route(_function_of(file, origin.node))
    return route is not None and f"{{{origin.name}:path}}" not in (route.path or "")


def _function_of(file: SourceFile, node: ast.AST) -> ast.AST | None:
    return next(
        (
            item
            for item in file.ancestors(node)
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
        ),
        None,
    )
