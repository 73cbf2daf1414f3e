"""ERR106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.http_exceptions import HTTP_EXCEPTIONS, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "ERR106",
    on=ast.Call,
    calls=("HTTPException",),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
)
def http_exception_2xx(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """An `HTTPException` with a success status tells the client that the failure worked.

    It skips the response model, rolls back what yield dependencies would commit, and arrives as
    a success. Return the answer, or raise with a 4xx or 5xx status.

    ```python
    from fastapi import HTTPException, status


    def check(balance: float) -> None:
        if balance < 0:
            raise HTTPException(status_code=200, detail="Not enough money")  # finding
        if balance == 0:
            raise HTTPException(status.HTTP_204_NO_CONTENT)  # finding
    ```

    A redirect without a place to go is the same mistake:

    ```python
    from fastapi import HTTPException


    def check() -> None:
        raise HTTPException(status_code=302, detail="/login")  # finding
    ```

    A redirect raised from a dependency, with its `Location`, and real failures:

    ```python
    from fastapi import HTTPException


    def check(user: str | None) -> None:
        if user is None:
            raise HTTPException(status_code=303, headers={"Location": "/login"})
        raise HTTPException(status_code=403, detail="Forbidden")
    ```
    """
    if file.qualified_name(call.func) not in HTTP_EXCEPTIONS:
        return
    status = status_of(call, file)
    if status is None or not 200 <= status < 400 or status == 304:
        return
    if status >= 300 and any(keyword.arg in {"headers", None} for keyword in call.keywords):
        return
    kind = "a success" if status < 300 else "a redirect without a `Location`"
    yield Problem(
        call,
        f"An `HTTPException` with status {status} reaches the client as {kind}."
        " Return the answer instead, or use a 4xx or 5xx status.",
    )
