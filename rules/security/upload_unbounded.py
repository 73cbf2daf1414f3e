"""SEC122."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_FILES = {"fastapi.File", "fastapi.params.File", "fastapi.param_functions.File"}
_BOUND = re.compile(
    r"(\.size\b|content[-_]length|MAX_|max_|_LIMIT|limit|too large|413)", re.IGNORECASE
)


@rule(
    "SEC122",
    on=ast.Call,
    calls=("read", "File"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def upload_unbounded(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """An uploaded file is read into memory whatever its size.

    One request with some gigabytes stops the process, and with it every other request. Check
    `file.size`, or read in pieces and stop at a limit.

    ```python
    from fastapi import APIRouter, UploadFile

    router = APIRouter()


    @router.post("/upload")
    async def upload(file: UploadFile) -> int:
        content = await file.read()  # finding
        return len(content)
    ```

    A parameter of type `bytes` is read before the handler runs:

    ```python
    from typing import Annotated

    from fastapi import APIRouter, File, UploadFile

    router = APIRouter()


    @router.post("/upload")
    def upload(content: Annotated[bytes, File()], other: bytes = File()):  # finding x2
        return len(content) + len(other)


    @router.post("/copy")
    def copy(file: UploadFile):
        return len(file.file.read())  # finding
    ```

    With a limit it is fine:

    ```python
    from fastapi import APIRouter, HTTPException, UploadFile

    router = APIRouter()
    LIMIT = 5_000_000


    @router.post("/upload")
    async def upload(file: UploadFile) -> int:
        content = await file.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise HTTPException(status_code=413)
        return len(content)


    @router.post("/picture")
    async def picture(file: UploadFile) -> int:
        if file.size is None or file.size > LIMIT:
            raise HTTPException(status_code=413)
        return len(await file.read())
    ```
    """
    if file.qualified_name(call.func) in _FILES:
        yield from _whole(call, file)
        return
    if call.args or call.keywords or not isinstance(call.func, ast.Attribute):
        return
    owner = call.func.value
    if isinstance(owner, ast.Attribute) and owner.attr == "file":
        owner = owner.value
    if file.qualified_name(owner) != "fastapi.UploadFile":
        return
    function = file.enclosing_function(call)
    if function is None or _is_bounded(function, file):
        return
    name = ast.unparse(owner)
    yield Problem(
        call,
        f"`{ast.unparse(call)}` loads the whole upload into memory; a client chooses its size. Check `{name}.size`"
        " first or read in pieces up to a limit.",
        confidence=Confidence.MEDIUM,
    )


def _whole(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A parameter `content: bytes = File()`, or the same by `Annotated`."""
    for function in file.functions:
        for argument, default in parameters(function):
            annotation = argument.annotation
            is_given = default is call or (annotation is not None and call in ast.walk(annotation))
            if is_given and file.route(function) and _is_bytes(annotation):
                yield Problem(
                    call,
                    f"`{argument.arg}` is read into memory before the handler runs; a client chooses its size."
                    " Take an `UploadFile` and read it in pieces up to a limit.",
                    confidence=Confidence.MEDIUM,
                )


def _is_bytes(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(
        isinstance(node, ast.Name) and node.id == "bytes" for node in ast.walk(annotation)
    )


def _is_bounded(function: FunctionNode, file: SourceFile) -> bool:
    """Whether the function, or what it calls by name, speaks of a size or a limit."""
    return bool(_BOUND.search(file.source(function)))
