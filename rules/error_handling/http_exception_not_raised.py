"""ERR105."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import last_name
from rules.error_handling.http_exceptions import HTTP_EXCEPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_BUILTIN = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


@rule(
    "ERR105",
    on=ast.Expr,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:PLW0133", "sonar:S3984"),
)
def http_exception_not_raised(node: ast.Expr, file: SourceFile) -> Iterator[Problem]:
    """An exception that is made and dropped stops nothing.

    The line reads like a check, but the code goes on behind it: the wrong password is accepted,
    the missing market is used.

    ```python
    from fastapi import HTTPException


    def require_admin(user) -> None:
        if not user.is_admin:
            HTTPException(status_code=403, detail="Admins only")  # finding
    ```

    ```python fixed
    from fastapi import HTTPException


    def require_admin(user) -> None:
        if not user.is_admin:
            raise HTTPException(status_code=403, detail="Admins only")
    ```

    The same with builtin exceptions and the project's own:

    ```python
    class UnknownMarketError(LookupError):
        pass


    def check(price: float, market: str | None) -> None:
        if price < 0:
            ValueError("negative price")  # finding
        if market is None:
            UnknownMarketError("no market")  # finding
    ```

    Raised, kept, or given to somebody:

    ```python
    def check(price: float, errors: list[Exception]) -> None:
        errors.append(ValueError("negative price"))
        error = ValueError("negative price")
        raise error
    ```
    """
    call = node.value
    if not isinstance(call, ast.Call) or not last_name(call.func)[:1].isupper():
        return
    name = file.qualified_name(call.func)
    if name is None or not _is_exception(name, file):
        return
    yield Problem(
        node,
        f"`{last_name(call.func)}` is made and dropped: nothing is raised and the code goes on."
        " Put `raise` before it.",
        fix=fixes.small_statement(f"raise {file.source(call)}"),
        severity=Severity.WARNING if name == "NotImplementedError" else None,
    )


def _is_exception(name: str, file: SourceFile) -> bool:
    if name in HTTP_EXCEPTIONS or name in _BUILTIN:
        return True
    project = file.project
    return project is not None and any(
        project.inherits(name, ancestor)
        for ancestor in ("Exception", "ValueError", "RuntimeError", "LookupError", *HTTP_EXCEPTIONS)
    )
