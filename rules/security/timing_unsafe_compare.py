"""SEC112."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.secret_names import is_secret_name, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_STRONG = re.compile(
    r"(secret|signature|(^|_)sig$|hmac|api_?key|apikey|passw(or)?d|passwd|csrf|xsrf|(access|auth|ws|refresh|bearer"
    r"|session|admin|api|bot|webhook|verification|reset|internal|service|static|master|invite|shared|jwt)_?(token|key)"
    r"|macaroon|in_?key$|passcode|passphrase|(^|_)otp(_|$)|totp|pin_?code|verification_?code|hexdigest|(^|_)mac$"
    r"|authorization|(admin|auth|basic|dashboard|http|login|user)_?(pass|pwd)$)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"signature|(^|_)sig$|(^|_)mac$", re.IGNORECASE)
_WEAK = re.compile(r"((^|_)(token|digest|hash|checksum|nonce|key|bearer)$)", re.IGNORECASE)
_OPPOSITE = re.compile(
    r"(expected|provided|given|computed|calculated|received|actual|supplied|submitted|incoming|stored|correct"
    r"|valid|header|x_|secret|settings|config|conf|env|query|param)",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"(auth|verify|verif|webhook|login|sign|secur|token|credential|permission|valid|check_key|api_?key|csrf|session)",
    re.IGNORECASE,
)
_CONFIRM = re.compile(
    r"(env_var|confirm|repeat|again|retype|re_?enter|password_?2|(^|_)re_?pass|mask|placeholder|kwarg|default|empty|sentinel"
    r"|(^|_)(new|old|prev|previous|prior|last|existing|expired|raw|original|normalized|unquoted|quoted|updated|rotated|cached|redeemed)_)",
    re.IGNORECASE,
)
_RECORDS = re.compile(
    r"(new|old|prev|existing|refreshed|update|profile|original|before|after|masked|other|session_state)",
    re.IGNORECASE,
)
_LEASES = re.compile(
    r"(reservation|lease|lock_|_lock|claim_|fence|fencing|cursor|etag|intent|idempotency|dedup)",
    re.IGNORECASE,
)
"""Tokens that tell which of two workers holds something; the words of a payment's own state."""
_CHECKS = re.compile(
    r"(verif|check|valid|auth|login|webhook|require|correct|matches|ws_token)", re.IGNORECASE
)
_REFUSES = re.compile(
    r"\b40[13]\b|[Uu]nauthori[sz]ed|[Ff]orbidden|[Dd]enied|[Dd]enying|PermissionError"
)
_QUERY = {
    "where", "filter", "filter_by", "select", "and_", "or_", "join", "outerjoin", "having", "exists",
    "on", "case", "order_by", "delete", "update", "not_", "Where", "assertEqual",
}  # fmt: skip


@rule(
    "SEC112",
    on=ast.Compare,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=(
        "codeql:py/timing-attack-against-header-value",
        "codeql:py/timing-attack-sensitive-info",
    ),
)
def timing_unsafe_compare(compare: ast.Compare, file: SourceFile) -> Iterator[Problem]:
    """A secret is compared with `==`, which stops at the first byte that differs.

    Whoever measures the answers learns byte by byte how much of a guess is right.
    `hmac.compare_digest` takes the same time whatever differs.

    ```python
    import hashlib
    import hmac

    from fastapi import APIRouter, Header, HTTPException, Request

    router = APIRouter()


    @router.post("/webhook")
    async def webhook(request: Request, x_signature: str = Header()):
        body = await request.body()
        expected = hmac.new(b"key", body, hashlib.sha256).hexdigest()
        if x_signature != expected:  # finding
            raise HTTPException(status_code=401)
    ```

    ```python fixed
    import hashlib
    import hmac

    from fastapi import APIRouter, Header, HTTPException, Request

    router = APIRouter()


    @router.post("/webhook")
    async def webhook(request: Request, x_signature: str = Header()):
        body = await request.body()
        expected = hmac.new(b"key", body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(x_signature, expected):
            raise HTTPException(status_code=401)
    ```

    The same for keys and tokens from the settings:

    ```python
    from fastapi import Header, HTTPException


    async def require_key(settings, x_api_key: str = Header()):
        if x_api_key != settings.api_key:  # finding
            raise HTTPException(status_code=401)
    ```

    A comparison that takes the same time is fine:

    ```python
    import secrets

    from fastapi import Header, HTTPException


    async def require_key(settings, x_api_key: str = Header()):
        if not secrets.compare_digest(x_api_key, settings.api_key):
            raise HTTPException(status_code=401)
    ```

    Constants, kinds of tokens, queries and two inputs of one form are no secrets to guess:

    ```python
    from sqlalchemy import select


    def find(User, TokenType, api_key: str, token, password: str, password_confirm: str):
        if token.type == TokenType.ACCESS or token == "" or api_key is None:
            return None
        if password != password_confirm:
            return None
        return select(User).where(User.api_key == api_key)
    ```
    """
    if len(compare.ops) != 1 or not isinstance(compare.ops[0], (ast.Eq, ast.NotEq)):
        return
    left, right = compare.left, compare.comparators[0]
    if not _may_be_secret(left, right, file) or _is_fixed(right) or _is_fixed(left):
        return
    secret = _secret(compare, left, right, file)
    if secret is None or _is_query(compare, file) or _selects(compare, file):
        return
    if "/cli/" in f"/{file.path}" or any(_is_typed_in(side, file) for side in (left, right)):
        return
    yield Problem(
        compare,
        f"`{secret}` is compared with `{_operator(compare)}`, which stops at the first difference: its"
        " timing tells how much of a guess is right. Use `hmac.compare_digest`.",
        fix=_constant_time(compare, file),
        confidence=Confidence.HIGH if _in_context(compare, file) else Confidence.MEDIUM,
    )


def _is_fixed(node: ast.expr) -> bool:
    match node:
        case (
            ast.Constant()
            | ast.Tuple()
            | ast.List()
            | ast.Dict()
            | ast.Set()
            | ast.JoinedStr(values=[])
        ):
            return True
        case ast.Attribute(attr=name) | ast.Name(id=name) if name.isupper() and not _STRONG.search(
            name
        ):
            return True
        case ast.Attribute(value=ast.Name(id=owner)) if _is_enum_like(owner):
            return True
        case (
            ast.Subscript(slice=ast.Slice()) | ast.Call(func=ast.Name(id="str" | "bytes"), args=[])
        ):
            return True
        case ast.Call(func=ast.Name(id="len" | "type" | "id" | "int" | "bool")):
            return True
        case ast.UnaryOp() | ast.Compare():
            return True
        case _:
            return False


def _is_enum_like(owner: str) -> bool:
    """`TokenType` in `TokenType.access`: a class that is not about settings."""
    return (
        owner[:1].isupper()
        and not owner.isupper()
        and not re.search(r"setting|config", owner, re.IGNORECASE)
    )


def _may_be_secret(left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    names = (last_name(left), last_name(right))
    return any(map(_sounds_secret, names)) or _has_digest(left, right, file)


def _secret(compare: ast.Compare, left: ast.expr, right: ast.expr, file: SourceFile) -> str | None:
    """What the comparison would give away, as source; None when nothing."""
    names = (last_name(left), last_name(right))
    if any(_CONFIRM.search(name) or name.endswith("s") for name in names) or not all(names):
        return None
    if _is_no_guess(left, right, file):
        return None
    if _has_digest(left, right, file):
        return _shown(left if _is_digest(left, file) else right)
    strong = [name for name in names if _is_strong(name)]
    if strong and all(_SIGNATURE.search(name) for name in strong) and not _signs(left, right, file):
        return None
    weak = [name for name in names if _WEAK.search(name)]
    if strong and not _lets_in(compare, left, right, file):
        return None
    if len(strong) == 2:
        return _shown(left if _is_strong(names[1]) and names[0] == strong[0] else right)
    other = names[1] if strong and names[0] == strong[0] else names[0]
    if strong and (
        _plausible(other, left, right, file) or _is_authentication(compare, left, right, file)
    ):
        return _shown(left if names[0] == strong[0] else right)
    if (
        len(weak) == 2
        and _in_context(compare, file)
        and _is_authentication(compare, left, right, file)
    ):
        return _shown(left)
    return None


@lru_cache(maxsize=4096)
def _sounds_secret(name: str) -> bool:
    return bool(_STRONG.search(name) or _WEAK.search(name))


def _lets_in(compare: ast.Compare, left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    """Whether somebody is let in by this: hashes of keys, request data, refusals, such a name."""
    if any(re.search(r"_hash$|^expected|^provided", last_name(side)) for side in (left, right)):
        return True
    if _is_authentication(compare, left, right, file):
        return True
    function = file.enclosing_function(compare)
    return function is not None and _CHECKS.search(function.name) is not None


def _signs(left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    """Whether signatures are cryptographic here, and not those of functions or structures."""
    if file.imports("hmac") or "webhook" in file.lowered:
        return True
    return any(flow_of(file).request_data(side) is not None for side in (left, right))


def _is_checksum(node: ast.expr, file: SourceFile) -> bool:
    """`hashlib.sha256(content).hexdigest()` of something that is no secret itself."""
    if isinstance(node, ast.Name):
        node = file.value(node) or node
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr="hexdigest")):
            made = file.value(owner)
            return isinstance(made, ast.Call) and (file.qualified_name(made.func) or "").startswith(
                "hashlib."
            )
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=function, args=[hashed, *_]), attr="hexdigest")
        ):
            name = file.qualified_name(function) or ""
            return name.startswith("hashlib.") and not is_secret_name(last_name(hashed))
        case _:
            return False


def _is_strong(name: str) -> bool:
    return bool(_STRONG.search(name)) and is_secret_name(name)


def _same_thing(left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    """`a.password == b.password` of two records: has it changed, and not a login."""
    if (
        last_name(left) != last_name(right)
        or isinstance(left, ast.Name)
        or isinstance(right, ast.Name)
    ):
        return False
    if re.search(r"setting|config|env", ast.unparse(left) + ast.unparse(right), re.IGNORECASE):
        return False
    flow = flow_of(file)
    return all(flow.request_data(side) is None for side in (left, right))


def _is_no_guess(left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    """Whether both are known to this side: records, leases, checksums, two forms of one value."""
    sides = (left, right)
    return (
        any(_RECORDS.search(_owner(side)) or _LEASES.search(ast.unparse(side)) for side in sides)
        or any(_is_checksum(side, file) for side in sides)
        or _is_form_of(left, right)
        or _is_form_of(right, left)
        or _was_taken_from(left, right, file)
        or _was_taken_from(right, left, file)
        or _same_thing(left, right, file)
        or _both_sent(left, right, file)
    )


def _is_form_of(one: ast.expr, other: ast.expr) -> bool:
    """`key.strip()` of `key`."""
    match one:
        case ast.Call(func=ast.Attribute(value=owner)):
            return ast.unparse(owner) == ast.unparse(other)
        case _:
            return False


def _was_taken_from(one: ast.expr, other: ast.expr, file: SourceFile) -> bool:
    """Whether `token` comes from `token = self.token`, to see if somebody changed it meanwhile."""
    if not isinstance(one, ast.Name) or not isinstance(other, ast.Attribute):
        return False
    earlier = file.value(one)
    return isinstance(earlier, ast.Attribute) and ast.unparse(earlier) == ast.unparse(other)


def _owner(node: ast.expr) -> str:
    """Of what a value is a part, as source: `existing` in `existing.get("token")`."""
    match node:
        case ast.Attribute(value=owner) | ast.Subscript(value=owner):
            return ast.unparse(owner)
        case ast.Call(func=ast.Attribute(value=owner, attr="get")):
            return ast.unparse(owner)
        case _:
            return ""


def _both_sent(left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    """Whether the client sent both sides, such as a cookie and a field, so that it knows them."""
    flow = flow_of(file)
    return flow.request_data(left) is not None and flow.request_data(right) is not None


def _plausible(other: str, left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    """Whether what a secret is compared with is something that was sent in."""
    if _OPPOSITE.search(other) or _WEAK.search(other):
        return True
    flow = flow_of(file)
    return any(flow.request_data(side) is not None for side in (left, right))


def _is_authentication(
    compare: ast.Compare, left: ast.expr, right: ast.expr, file: SourceFile
) -> bool:
    """`token == expected_token` where somebody is let in: an answer of 401 or 403 follows."""
    if any(flow_of(file).request_data(side) is not None for side in (left, right)):
        return True
    function = file.enclosing_function(compare)
    return function is not None and _REFUSES.search(file.source(function)) is not None


def _has_digest(left: ast.expr, right: ast.expr, file: SourceFile) -> bool:
    if not file.memo("digests", lambda: "digest" in file.text):
        return False
    return _is_digest(left, file) or _is_digest(right, file)


def _is_digest(node: ast.expr, file: SourceFile) -> bool:
    """Whether the value is a keyed digest: `hmac.new(...).hexdigest()`, also through a name."""
    if isinstance(node, ast.Name):
        node = file.value(node) or node
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="hexdigest" | "digest")):
            if isinstance(owner, ast.Name):
                owner = file.value(owner) or owner
            return isinstance(owner, ast.Call) and file.qualified_name(owner.func) == "hmac.new"
        case ast.Call(func=function):
            return file.qualified_name(function) == "hmac.digest"
        case _:
            return False


def _in_context(node: ast.AST, file: SourceFile) -> bool:
    """Whether the code around is about letting somebody in."""
    if file.imports("hmac", "secrets", "fastapi.security"):
        return True
    return any(
        isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and _CONTEXT.search(around.name)
        for around in file.ancestors(node)
    ) or bool(_CONTEXT.search(file.path.rsplit("/", 1)[-1]))


def _is_query(compare: ast.Compare, file: SourceFile) -> bool:
    """Whether the database compares: `where(User.api_key == key)`."""
    for around in file.ancestors(compare):
        if isinstance(around, ast.Call):
            function = around.func
            last = (
                function.attr
                if isinstance(function, ast.Attribute)
                else getattr(function, "id", "")
            )
            if last in _QUERY:
                return True
        elif isinstance(around, ast.stmt):
            return False
    return False


def _selects(compare: ast.Compare, file: SourceFile) -> bool:
    """Whether a list is made of those that fit, where nobody is let in or kept out."""
    for around in file.ancestors(compare):
        if isinstance(around, ast.comprehension):
            return isinstance(file.parent(around), (ast.ListComp, ast.SetComp, ast.DictComp))
        if isinstance(around, ast.stmt):
            break
    return False


def _is_typed_in(node: ast.expr, file: SourceFile) -> bool:
    """Whether somebody at the terminal typed it, who cannot measure anything from afar."""
    value = file.value(node) if isinstance(node, ast.Name) else node
    if isinstance(value, ast.Await):
        value = value.value
    return isinstance(value, ast.Call) and last_name(value.func) in {"prompt", "getpass", "input"}


def _operator(compare: ast.Compare) -> str:
    return "==" if isinstance(compare.ops[0], ast.Eq) else "!="


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "…"


def _constant_time(compare: ast.Compare, file: SourceFile) -> Fix | None:
    """Only where both sides are certainly texts: `compare_digest` refuses None."""
    module = next((name for name in ("hmac", "secrets") if name in file.imported_modules), None)
    left, right = compare.left, compare.comparators[0]
    if module is None or not (_is_text(left, file) and _is_text(right, file)):
        return None
    call = f"{module}.compare_digest({file.source(left)}, {file.source(right)})"
    return fixes.expression(call if isinstance(compare.ops[0], ast.Eq) else f"not {call}")


def _is_text(node: ast.expr, file: SourceFile) -> bool:
    if file.qualified_name(node) in {"str", "bytes"}:
        return not _may_be_none(node, file)
    return _is_digest(node, file)


def _may_be_none(node: ast.expr, file: SourceFile) -> bool:
    if not isinstance(node, ast.Name):
        return True
    return any(
        (binding.annotation is not None and "None" in ast.unparse(binding.annotation))
        or (binding.annotation is not None and "Optional" in ast.unparse(binding.annotation))
        for binding in file.names.reaching(node)
    )
