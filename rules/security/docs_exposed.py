"""SEC125."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_ENVIRONMENT = re.compile(
    r"\bsettings\.(environment|env|app_env|is_production|is_prod|production|debug|stage)\b"
    r"|(getenv|environ(\.get)?)\W+[\"'](ENVIRONMENT|ENV|APP_ENV|STAGE)[\"']",
    re.IGNORECASE,
)


@rule(
    "SEC125",
    on=ast.Call,
    calls=("FastAPI",),
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def docs_exposed(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """The pages of the API's documentation are open in production too.

    The settings know the environment, yet `/docs` and `/openapi.json` list every route, internal
    ones as well, to everybody. Turn them off where the API is not public.

    ```python
    from fastapi import FastAPI

    from app.config import settings

    app = FastAPI(title="Markets")  # finding
    workers = 1 if settings.environment == "local" else 4
    ```

    With the environment asked it is fine:

    ```python
    from fastapi import FastAPI

    from app.config import settings

    local = settings.environment == "local"
    app = FastAPI(title="Markets", openapi_url="/openapi.json" if local else None)
    ```
    """
    given = {keyword.arg for keyword in call.keywords}
    if given & {"docs_url", "openapi_url", "redoc_url", None}:
        return
    if file.qualified_name(call.func) != "fastapi.FastAPI" or not _ENVIRONMENT.search(file.text):
        return
    yield Problem(
        call,
        "`/docs` and `/openapi.json` list every route to everybody, in production too. If the API is not"
        " public, set `openapi_url=None` there.",
        confidence=Confidence.MEDIUM,
    )
