"""ERR109."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.http_exceptions import HTTP_EXCEPTIONS, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_AMBIGUOUS = frozenset({400, 403, 409, 422})
_MANY = 2


@rule(
    "ERR109",
    on=ast.Call,
    calls=("HTTPException",),
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
)
def http_exception_without_detail(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A 400, 403, 409 or 422 without `detail` leaves the client guessing what is wrong.

    FastAPI then answers "Bad Request", whatever happened. Suggested once for each file, and only
    where the file's other errors have a detail.

    ```python
    from fastapi import HTTPException


    def check(size: float, user: str | None) -> None:
        if user is None:
            raise HTTPException(status_code=401, detail="Log in first")
        if size < 5:
            raise HTTPException(status_code=409, detail="The market is closed")
        if size <= 0:
            raise HTTPException(status_code=400)  # finding
    ```

    A status that says it all:

    ```python
    from fastapi import HTTPException


    def check(market: str | None) -> None:
        if market is None:
            raise HTTPException(status_code=404)
    ```
    """
    bare, with_detail = file.memo("ERR109", lambda: _sorted(file))
    if with_detail >= _MANY and bare and bare[0] is call:
        more = f" ({len(bare) - 1} more in this file)" if len(bare) > 1 else ""
        yield Problem(
            call,
            f"This {status_of(call, file)} has no `detail`{more}: the client cannot tell what is"
            " wrong, while the other errors of this file say it.",
        )


def _sorted(file: SourceFile) -> tuple[list[ast.Call], int]:
    """The exceptions that need a detail and have none, and the number of those that have one."""
    bare: list[ast.Call] = []
    with_detail = 0
    for call in file.calls("HTTPException"):
        if file.qualified_name(call.func) not in HTTP_EXCEPTIONS:
            continue
        if file.argument(call, 1, "detail") is not None:
            with_detail += 1
        elif status_of(call, file) in _AMBIGUOUS and not any(k.arg is None for k in call.keywords):
            bare.append(call)
    return bare, with_detail
