"""SEC124."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_LOGIN = re.compile(
    r"(^|/)(login|log-in|sign-?in|token|auth/token|access-token|otp|verify-otp)(/|$)"
)
_LIMITS = re.compile(
    r"(limiter|rate_?limit|throttl|slowapi|fastapi_limiter|lockout|failed_attempts|brute)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(passw|OAuth2PasswordRequestForm|credential|otp|pin_code)", re.IGNORECASE)


@rule(
    "SEC124",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def no_rate_limit_on_auth(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route takes passwords, and nothing limits how many are tried.

    A list of common passwords is through in minutes. Limit the tries of an address and an account.
    Said once for each file.

    ```python
    from fastapi import APIRouter, Depends
    from fastapi.security import OAuth2PasswordRequestForm

    router = APIRouter()


    @router.post("/login")
    def login(form: OAuth2PasswordRequestForm = Depends()): ...  # finding
    ```

    With a limiter it is fine:

    ```python
    from fastapi import APIRouter, Depends
    from fastapi.security import OAuth2PasswordRequestForm
    from fastapi_limiter.depends import RateLimiter

    router = APIRouter()


    @router.post("/login", dependencies=[Depends(RateLimiter(times=5, minutes=1))])
    def login(form: OAuth2PasswordRequestForm = Depends()): ...
    ```
    """
    if not file.routes or _LIMITS.search(file.text) or file.project is None:
        return
    project = file.project
    if project.memo("limits tries", lambda: _limits_tries(project)):
        return
    for route in file.routes:
        if "post" in route.methods and _takes_password(route, file):
            yield Problem(
                route.function,
                f"`{route.label()}` takes passwords and nothing here limits the tries. Add a limiter for each"
                " address and account, unless a proxy does it.",
                confidence=Confidence.MEDIUM,
            )
            return


def _limits_tries(project: Project) -> bool:
    """Whether any file imports, defines or asks for something that is named like a limiter."""
    return any(
        any(_LIMITS.search(found.target) for found in facts.imports)
        or any(
            _LIMITS.search(name)
            for function in facts.functions
            for name in (function.name, *function.decorators)
        )
        or any(_LIMITS.search(router.name) for router in facts.routers)
        for facts in project.modules.values()
    )


def _takes_password(route: Route, file: SourceFile) -> bool:
    if not _LOGIN.search(route.path or ""):
        return False
    return bool(_PASSWORD.search(file.source(route.function)))
