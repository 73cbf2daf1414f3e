"""SEC117."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.security.call_edits import with_keywords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SESSION = re.compile(
    r"(session|token|auth|jwt|(^|_)sid$|refresh|remember|login|api_?key)", re.IGNORECASE
)
_ABOUT = re.compile(r"(_method|_expired|_type|_provider|_state|_hint|^is_\w+)$", re.IGNORECASE)
_SCRIPTED = re.compile(r"(csrf|xsrf)", re.IGNORECASE)
_WANTED = {"httponly": "True", "secure": "True"}

_DEVELOPMENT = re.compile(r"(\b|_)(dev|development|debug|local|localhost)(\b|_)", re.IGNORECASE)


@rule(
    "SEC117",
    on=ast.Call,
    calls=("set_cookie",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("sonar:S2092", "sonar:S3330", "codeql:py/insecure-cookie"),
)
def insecure_cookie(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A cookie that logs a user in can be read by scripts or on the way.

    Without `httponly` an injected script sends it away; without `secure` it also travels
    unencrypted. Starlette sets neither by itself.

    ```python
    from fastapi import Response


    def log_in(response: Response, token: str) -> None:
        response.set_cookie("session", token, samesite="lax")  # finding
    ```

    ```python fixed
    from fastapi import Response


    def log_in(response: Response, token: str) -> None:
        response.set_cookie("session", token, samesite="lax", httponly=True, secure=True)
    ```

    With both it is fine, also when the settings say so; so are cookies that log nobody in:

    ```python
    from fastapi import Response


    def log_in(response: Response, token: str, settings) -> None:
        response.set_cookie("session", token, httponly=True, secure=settings.https)
        response.set_cookie("theme", "dark")
    ```
    """
    if any(keyword.arg is None for keyword in call.keywords):
        return
    if isinstance(file.argument(call, 1, "value"), ast.Constant):
        return
    key = file.argument(call, 0, "key")
    name = (file.constant_text(key) if key is not None else None) or _name_of(key)
    value = file.argument(call, 1, "value")
    if _ABOUT.search(name):
        return
    if not _SESSION.search(name) and not _SESSION.search(_name_of(value)):
        return
    missing = [word for word in _WANTED if _is_off(file, call, word)]
    if _SCRIPTED.search(name):
        missing = [word for word in missing if word != "httponly"]
    without = _allows_other_sites(file, call)
    if (not missing and not without) or _is_for_development(call, file):
        return
    words = [f"`{word}`" for word in missing] + (['`samesite="none"` set'] if without else [])
    yield Problem(
        call,
        f"The cookie `{name or 'of the session'}` is set without {' and '.join(words)}: a script or somebody on"
        " the way can take the session."
        if missing
        else f'The cookie `{name}` is sent with requests from other sites; use `samesite="lax"`.',
        fix=with_keywords({word: _WANTED[word] for word in missing}) if missing else None,
    )


def _name_of(node: ast.expr | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_for_development(call: ast.Call, file: SourceFile) -> bool:
    """Whether it stands in a branch that runs where the code is worked on, without TLS."""
    child: ast.AST = call
    for around in file.ancestors(call):
        if isinstance(around, ast.If) and child in around.body and _says_so(around.test, file):
            return True
        child = around
    return False


def _says_so(test: ast.expr, file: SourceFile) -> bool:
    text = file.source(test)
    return _DEVELOPMENT.search(text) is not None and not re.search(r"\bnot\b|!=", text)


def _is_off(file: SourceFile, call: ast.Call, word: str) -> bool:
    value = file.argument(call, 99, word)
    return value is None or file.literal(value) in {False, None}


def _allows_other_sites(file: SourceFile, call: ast.Call) -> bool:
    value = file.argument(call, 99, "samesite")
    given = file.literal(value) if value is not None else ...
    return isinstance(given, str) and given.lower() == "none" and _is_off(file, call, "secure")
