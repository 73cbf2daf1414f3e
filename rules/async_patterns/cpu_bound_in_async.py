"""ASY117."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.async_patterns.on_loop import blocking_calls, serves_nobody_yet
from rules.async_patterns.thread_handoff import awaited_instead
from rules.core.programs import is_program
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_WHAT = {
    "bcrypt": "hashes a password, which is slow on purpose",
    "hashlib": "derives a key, which is slow on purpose",
    "argon2": "hashes a password, which is slow on purpose",
    "passlib": "hashes a password, which is slow on purpose",
    "pwdlib": "hashes a password, which is slow on purpose",
    "werkzeug": "hashes a password, which is slow on purpose",
    "pandas": "reads or writes a whole table",
    "pypdf": "reads a whole document",
    "PyPDF2": "reads a whole document",
    "pdfplumber": "reads a whole document",
    "docx": "reads a whole document",
    "openpyxl": "reads a whole table",
    "pytesseract": "reads a whole image",
    "sentence_transformers": "runs a model",
    "PIL": "works on a whole image",
    "cv2": "works on a whole image",
    "gzip": "works on a whole body, whose size the sender chooses",
    "zlib": "works on a whole body, whose size the sender chooses",
    "bz2": "works on a whole body, whose size the sender chooses",
    "lzma": "works on a whole body, whose size the sender chooses",
}

_PACKERS = ("gzip.", "zlib.", "bz2.", "lzma.")
_REQUESTS = {"fastapi.Request", "fastapi.UploadFile", "aiohttp.web.Request"}


@rule("ASY117", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def cpu_bound_in_async(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Heavy computation in an `async def` keeps the event loop from everybody else.

    Hashing a password takes a quarter of a second on purpose; a table, an image or a compressed
    body takes as long as it is large. Run it in a thread: these libraries release the
    interpreter while they work.

    ```python
    import asyncio

    import bcrypt


    async def login(password: bytes, stored: bytes) -> bool:
        return bcrypt.checkpw(password, stored)  # finding
    ```

    ```python fixed
    import asyncio

    import bcrypt


    async def login(password: bytes, stored: bytes) -> bool:
        return await asyncio.to_thread(bcrypt.checkpw, password, stored)
    ```

    Bodies and tables:

    ```python
    import gzip

    import pandas as pd
    from fastapi import Request


    async def traces(request: Request) -> bytes:
        return gzip.decompress(await request.body())  # finding


    async def prices(path: str) -> pd.DataFrame:
        return pd.read_csv(path)  # finding
    ```

    In a plain `def`, or handed to a thread, it is fine:

    ```python
    import asyncio

    import bcrypt


    def check(password: bytes, stored: bytes) -> bool:
        return bcrypt.checkpw(password, stored)


    async def login(password: bytes, stored: bytes) -> bool:
        return await asyncio.to_thread(check, password, stored)
    ```
    """
    for call, effect, function in blocking_calls(file):
        if effect.kind != "cpu" or is_program(file) or serves_nobody_yet(function):
            continue
        if effect.name.startswith(_PACKERS) and not _is_from_request(call, function, file):
            continue
        what = _WHAT.get(effect.name.split(".")[0], "computes for long")
        yield Problem(
            call,
            f"`{effect.name}` {what}; in `async def {function.name}` nothing else runs meanwhile."
            f" Use {effect.instead}.",
            fix=awaited_instead(call, effect.name, file),
        )


def _is_from_request(call: ast.Call, function: ast.AsyncFunctionDef, file: SourceFile) -> bool:
    """Whether somebody outside chooses how large the body is: messages of a feed are small."""
    if file.route(function) is not None:
        return True
    arguments = [*function.args.args, *function.args.kwonlyargs]
    if any(file.annotation(argument.annotation) in _REQUESTS for argument in arguments):
        return True
    return any(isinstance(node, ast.Await) for node in file.within(call))
