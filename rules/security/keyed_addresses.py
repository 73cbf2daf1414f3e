"""Addresses and parameters with a key in them, and the errors whose text repeats them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.tables.http_clients import REQUEST_METHODS

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_KEY_PARAMETER = re.compile(
    r"[?&](api_?key|apikey|key|token|access_token|auth|secret|sig|signature|appid|apitoken|password)=$",
    re.IGNORECASE,
)
_KEY_NAME = re.compile(
    r"^(api[-_]?key|apikey|access[-_]?token|token|secret|auth_?token|appid|password|client_secret|private_key)$",
    re.IGNORECASE,
)
_ERRORS = re.compile(
    r"^(httpx\.\w+|requests\.(exceptions\.)?\w+|aiohttp\.Client\w+|urllib\.error\.\w+|Exception|BaseException)$"
)


def holds_key(value: ast.expr, file: SourceFile) -> bool:
    """Whether a variable was given an address with a key in its query, or parameters with a key."""
    if not isinstance(value, (ast.Name, ast.Attribute)):
        return False
    return any(_is_keyed(made, file) for made in file.values(value))


def _is_keyed(node: ast.expr, file: SourceFile) -> bool:
    if isinstance(node, ast.Dict):
        return any(
            isinstance(key, ast.Constant)
            and isinstance(key.value, str)
            and _KEY_NAME.match(key.value)
            and not isinstance(given, ast.Constant)
            for key, given in zip(node.keys, node.values, strict=True)
        )
    text = file.text_of(node)
    return text is not None and any(_KEY_PARAMETER.search(text.before(hole)) for hole in text.holes)


def keyed_request_in_try(error: ast.Name, file: SourceFile) -> bool:
    """Whether a caught error comes from a request whose address has a key in it."""
    bindings = file.names.reaching(error)
    if not bindings or bindings[-1].kind != "except":
        return False
    handler = bindings[-1].node
    if not isinstance(handler, ast.ExceptHandler) or not _repeats_address(handler, file):
        return False
    around = file.parent(handler)
    if not isinstance(around, (ast.Try, ast.TryStar)):
        return False
    calls = [n for statement in around.body for n in ast.walk(statement) if isinstance(n, ast.Call)]
    return any(_sends_key(call, file) for call in calls) and _raises_with_address(calls, file)


def _raises_with_address(calls: list[ast.Call], file: SourceFile) -> bool:
    """Errors of `requests` always name the address, those of others for a bad status only."""
    return any(
        isinstance(call.func, ast.Attribute)
        and (
            call.func.attr == "raise_for_status"
            or (file.qualified_name(call.func) or "").startswith("requests.")
        )
        for call in calls
    )


def _repeats_address(handler: ast.ExceptHandler, file: SourceFile) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        item is not None and _ERRORS.match(file.qualified_name(item) or "") for item in types
    )


def _sends_key(call: ast.Call, file: SourceFile) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in REQUEST_METHODS:
        return False
    given = [*call.args[:2], *(k.value for k in call.keywords if k.arg in {"url", "params"})]
    return any(_is_keyed(item, file) or holds_key(item, file) for item in given)
