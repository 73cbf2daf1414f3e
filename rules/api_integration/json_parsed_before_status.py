"""API111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.api_integration.answers import Answer, answer_of
from rules.api_integration.requests_sent import known_requests
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_STATUS = {"raise_for_status", "status_code", "status", "ok", "is_success", "is_error"}
_LIBRARIES = {"requests", "httpx", "aiohttp"}


@rule(
    "API111",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def json_parsed_before_status(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The body is parsed as JSON before anybody looks whether it is an answer at all.

    Errors of gateways and rate limiters are pages of HTML: `.json()` then fails with a parsing
    error that hides the 429 or 502 behind it. Look at the status first.

    ```python
    import requests


    def markets(url: str) -> list[object]:
        response = requests.get(url, timeout=5)
        data = response.json()  # finding
        response.raise_for_status()
        return data["markets"]
    ```

    The other way round it is fine, and so it is where a body that does not parse is expected:

    ```python
    import requests


    def markets(url: str) -> list[object]:
        response = requests.get(url, timeout=5)
        response.raise_for_status()
        return response.json()["markets"]


    def message(url: str) -> str:
        response = requests.get(url, timeout=5)
        try:
            data = response.json()
        except ValueError:
            data = {}
        if response.status_code != 200:
            return data.get("error", "unknown")
        return "fine"
    ```
    """
    for sent in known_requests(file):
        if sent.library not in _LIBRARIES:
            continue
        answer = answer_of(sent, file)
        parsed = _parsed_first(answer) if answer is not None else None
        if answer is None or parsed is None or _is_caught(parsed, file):
            continue
        yield Problem(
            parsed,
            f"`{answer.name}.json()` comes before the look at its status, so an HTML error page fails"
            " as bad JSON and hides the real status. Check the status first.",
        )


def _parsed_first(answer: Answer) -> ast.Attribute | None:
    """The `.json` that stands before the first look at the status."""
    parsed = next((use for use in answer.uses if use.attr == "json"), None)
    looked = next((use for use in answer.uses if use.attr in _STATUS), None)
    if parsed is None or looked is None or parsed.lineno >= looked.lineno:
        return None
    return parsed


def _is_caught(parsed: ast.Attribute, file: SourceFile) -> bool:
    """Whether a body that does not parse is caught nearby, or the parsing is under a condition."""
    for parent in file.ancestors(parsed):
        if isinstance(parent, (ast.Try, ast.If)):
            return True
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
    return False
