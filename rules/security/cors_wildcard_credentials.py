"""SEC104."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MIDDLEWARE = "fastapi.middleware.cors.CORSMiddleware"
_STRANGERS = ("https://evil.example", "http://evil.example", "https://a.evil.example:8080")


@rule(
    "SEC104",
    on=ast.Call,
    calls=("add_middleware", "CORSMiddleware", "Middleware", "CORS"),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/cors-misconfiguration-with-credentials",),
)
def cors_wildcard_credentials(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """Any website may read the answers of this service, with the cookies of its visitors.

    With credentials allowed, Starlette answers `*` by repeating the origin that asks, so every
    page that a logged-in user opens can act as that user. List the origins instead.

    ```python
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(  # finding: critical
        CORSMiddleware,
        allow_origins=["*"],
        allow_credentials=True,
    )
    ```

    A pattern that matches every origin does the same:

    ```python
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(  # finding: critical
        CORSMiddleware,
        allow_origin_regex=".*",
        allow_credentials=True,
    )
    ```

    Without credentials it is a warning, as it may be a public API:

    ```python
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"])  # finding: warning
    ```

    Named origins are fine:

    ```python
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["https://app.example.org"],
        allow_origin_regex=r"https://[a-z]+\\.example\\.org",
        allow_credentials=True,
    )
    ```
    """
    if not _is_cors(call, file):
        return
    given = _keywords(call, file)
    what = _open_to_all(given, file) or _unless_told(given, file)
    if what is None:
        return
    credentials = given.get("allow_credentials") or given.get("supports_credentials")
    if credentials is not None and file.literal(credentials) is True:
        yield Problem(
            call,
            f"{what} with credentials allowed: every website can make requests as the visitor and read"
            " the answers. List the origins that need it.",
        )
    elif (credentials is None or file.literal(credentials) is False) and _open_to_all(given, file):
        yield Problem(
            call,
            f"{what}: every website can read the answers of this service. List the origins that need"
            " it, unless this is a public API.",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )


def _unless_told(given: dict[str, ast.expr], file: SourceFile) -> str | None:
    """Origins that are `*` unless the environment, or a setting, says otherwise."""
    if "allow_origins" in given and _defaults_to_star(given["allow_origins"], file):
        return "`allow_origins` is `*` unless somebody sets it, and that"
    return None


def _defaults_to_star(node: ast.expr, file: SourceFile, depth: int = 3) -> bool:
    if depth <= 0 or _has_star(node, file):
        return depth > 0
    match node:
        case ast.Name():
            inner = file.values(node)
        case ast.IfExp(body=body, orelse=orelse):
            inner = [body, orelse]
        case ast.BoolOp(values=values):
            inner = values[-1:]
        case ast.ListComp(generators=[one]) if not one.ifs:
            inner = [one.iter]
        case ast.Call(func=ast.Attribute(value=text, attr="split")):
            inner = [text]
        case ast.Call(args=[_, default]) if _is_environment(node, file):
            inner = [default]
        case _:
            inner = []
    return any(_defaults_to_star(each, file, depth - 1) for each in inner)


def _is_environment(call: ast.Call, file: SourceFile) -> bool:
    return file.qualified_name(call.func) in {"os.getenv", "os.environ.get"}


def _is_cors(call: ast.Call, file: SourceFile) -> bool:
    name = file.qualified_name(call.func)
    if name in {_MIDDLEWARE, "flask_cors.CORS"}:
        return True
    if not call.args:
        return False
    first = file.qualified_name(call.args[0])
    return first == _MIDDLEWARE or (first or "").endswith("CORSMiddleware")


def _keywords(call: ast.Call, file: SourceFile) -> dict[str, ast.expr]:
    """The keywords of the call, those of a constant `**options` included."""
    found: dict[str, ast.expr] = {}
    for keyword in call.keywords:
        if keyword.arg:
            found[keyword.arg] = keyword.value
        elif isinstance(keyword.value, ast.Name):
            options = file.value(keyword.value)
            if isinstance(options, ast.Dict):
                found.update(_constant_keys(options))
        elif isinstance(keyword.value, ast.Dict):
            found.update(_constant_keys(keyword.value))
    if isinstance(resources := found.get("resources"), ast.Dict):  # flask_cors: by path
        for options in resources.values:
            found |= _constant_keys(options) if isinstance(options, ast.Dict) else {}
    return found


def _constant_keys(mapping: ast.Dict) -> dict[str, ast.expr]:
    return {
        key.value: value
        for key, value in zip(mapping.keys, mapping.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _open_to_all(given: dict[str, ast.expr], file: SourceFile) -> str | None:
    for name in ("allow_origins", "origins"):
        if name in given and _has_star(given[name], file):
            return f'`{name}=["*"]`'
    pattern = (
        file.constant_text(given["allow_origin_regex"]) if "allow_origin_regex" in given else None
    )
    if pattern is not None and _matches_all(pattern):
        return f'`allow_origin_regex="{pattern}"`'
    return None


def _has_star(node: ast.expr, file: SourceFile) -> bool:
    value = file.literal(node)
    if value == "*":
        return True
    return isinstance(value, (list, tuple, set)) and "*" in value


def _matches_all(pattern: str) -> bool:
    try:
        return any(re.fullmatch(pattern, origin) for origin in _STRANGERS)
    except re.error:
        return False
