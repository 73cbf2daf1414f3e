"""SEC103."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.tables.secrets import KNOWN, NOT_SECRET_NAME, PLACEHOLDER, SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_KNOWN = {kind: (marks, re.compile(pattern)) for kind, (marks, pattern) in KNOWN.items()}
_WALLET_KEY = re.compile(r"^(0x)?[0-9a-fA-F]{64}$")
_WALLET_NAME = re.compile(
    r"(priv|secret|(^|_)pk$|wallet_?key|signer|mnemonic|owner_?key)", re.IGNORECASE
)
_ADDRESS = re.compile(r"^0x[0-9a-fA-F]{40}$")
_WORDS = re.compile(r"^[A-Za-z]+([-_ ./:,@+][A-Za-z]*)*(\d{1,2})?$")
_CODE = re.compile(r"[\s/\\(){}\[\]<>]|^https?:|^\w+\.\w+$|^[a-z]+(_[a-z]+)+\d?$")
_PASSWORD = re.compile(r"passw|pwd|pass_?phrase", re.IGNORECASE)
_MNEMONIC = re.compile(r"^([a-z]{3,8} ){11,23}[a-z]{3,8}$")
_JWT = {"encode": 1, "decode": 1}


@rule(
    "SEC103",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S105", "ruff:S106", "ruff:S107", "bandit:B105", "codeql:py/hardcoded-credentials"),
)
def hardcoded_secret(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A key, token or password stands in the code as a literal.

    Everyone who can read the repository, its history or an image built from it has the secret.
    Revoke it, then read the new one from the environment.

    ```python
    WALLET_PRIVATE_KEY = (
        "0x4c0883a69102937d6231471b5dbb6204fe512961708279f3a1c2b5d8e7f60912"  # finding
    )
    ```

    What counts is the value, also as a default or an argument:

    ```python
    import os

    import jwt

    NEWS_API_KEY = os.getenv("NEWS_API_KEY", "a3f8d1c97b2e4506b8f1e2d3c4a59687")  # finding


    def token(payload: dict[str, str], password: str = "Tr0ub4dor&3x!") -> str:  # finding
        return jwt.encode(payload, "s3cr3t-signing-k3y", algorithm="HS256")  # finding
    ```

    Placeholders, names of settings, URLs and hashes are fine:

    ```python
    import os

    API_KEY = os.environ["API_KEY"]
    TOKEN_URL = "https://example.org/oauth2/token"
    API_KEY_HEADER = "X-API-Key"
    PASSWORD = "changeme"
    SECRET_NAME = "prod/database/password"
    CONDITION_ID = "0x4c0883a69102937d6231471b5dbb6204fe512961708279f3a1c2b5d8e7f60912"
    token_type = "access_token"
    ```
    """
    said: set[ast.Constant] = set()
    for value, kind in _known(file):
        said.add(value)
        yield _problem(value, f"A {kind} stands in the code.")
    for name, value in _named(file):
        if value in said or not isinstance(value.value, str):
            continue
        if (kind := _kind(name, value.value)) is not None:
            said.add(value)
            yield _problem(value, f"`{name}` is {kind} in the code.")
    yield from _signing_keys(file, said)


def _problem(node: ast.Constant, what: str, confidence: Confidence = Confidence.HIGH) -> Problem:
    return Problem(
        node,
        f"{what} Whoever reads the repository has it: revoke it and read the new one from the"
        " environment.",
        confidence=confidence,
    )


def _known(file: SourceFile) -> Iterator[tuple[ast.Constant, str]]:
    """Literals that give themselves away; only what the whole text has marks of is looked for."""
    kinds = [
        (kind, pattern)
        for kind, (marks, pattern) in _KNOWN.items()
        if any(mark in file.text for mark in marks)
    ]
    if not kinds:
        return
    for constant in file.of(ast.Constant):
        value = constant.value
        if (
            not isinstance(value, str)
            or len(value) < 16
            or isinstance(file.parent(constant), ast.Expr)
        ):
            continue
        for kind, pattern in kinds:
            if (found := pattern.search(value)) and not _is_made_up(found[0]):
                yield constant, kind
                break


def _is_made_up(value: str) -> bool:
    tail = value[-24:]
    return bool(PLACEHOLDER.search(value)) or _entropy(tail) < 2.5 or "EXAMPLE" in value


def _named(file: SourceFile) -> Iterator[tuple[str, ast.Constant]]:
    """Literals with the names under which they stand."""
    for statement in (*file.of(ast.Assign), *file.of(ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from _pairs(_last(target), statement.value)
    for keyword in file.of(ast.keyword):
        if keyword.arg:
            yield from _pairs(keyword.arg, keyword.value)
    for mapping in file.of(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield from _pairs(key.value, value)
    yield from _defaults(file)
    for compare in file.of(ast.Compare):
        yield from _pairs(_last(compare.left), compare.comparators[0])


def _defaults(file: SourceFile) -> Iterator[tuple[str, ast.Constant]]:
    for function in file.functions:
        arguments = [*function.args.posonlyargs, *function.args.args]
        defaults = function.args.defaults
        for argument, default in zip(
            arguments[len(arguments) - len(defaults) :], defaults, strict=True
        ):
            yield from _pairs(argument.arg, default)
        for argument, default in zip(
            function.args.kwonlyargs, function.args.kw_defaults, strict=True
        ):
            yield from _pairs(argument.arg, default)
    for call in file.calls("getenv", "get", "pop", "setdefault"):
        match call.args:
            case [ast.Constant(value=str(name)), value]:
                yield from _pairs(name, value)
            case _:
                pass


def _pairs(name: str, value: ast.expr | None) -> Iterator[tuple[str, ast.Constant]]:
    """The literal under a name, through `SecretStr("...")`, `"..." or x` and `Field(default=...)`."""
    match value:
        case ast.Constant(value=str(text)) if len(text) >= 8:
            yield name, value
        case ast.Call(func=function, args=[inner]) if _last(function) in {
            "SecretStr",
            "str",
            "Field",
            "bytes",
        }:
            yield from _pairs(name, inner)
        case ast.Call(func=function, keywords=keywords) if _last(function) == "Field":
            for keyword in keywords:
                if keyword.arg == "default":
                    yield from _pairs(name, keyword.value)
        case ast.BoolOp(values=values):
            for item in values:
                yield from _pairs(name, item)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _pairs(name, body)
            yield from _pairs(name, orelse)
        case _:
            pass


def _kind(name: str, value: str) -> str | None:
    """What kind of secret a named literal is; None when it is none."""
    if not SECRET_NAME.search(name) or NOT_SECRET_NAME.search(name) or _ADDRESS.match(value):
        return None
    if _WALLET_KEY.match(value):
        is_real = len(set(value.lower())) > 6 and not re.search(r"(.)\1{9}", value)
        return "a private key" if is_real and _WALLET_NAME.search(name) else None
    if _MNEMONIC.match(value) and re.search(r"mnemonic|seed|phrase", name, re.IGNORECASE):
        return "a seed phrase"
    if PLACEHOLDER.search(value) or _WORDS.match(value) or _CODE.search(value):
        return None
    if _PASSWORD.search(name):
        return "a password" if _is_password(value) else None
    return "a secret" if _is_random(value) else None


def _is_password(value: str) -> bool:
    classes = sum(bool(re.search(p, value)) for p in (r"[a-z]", r"[A-Z]", r"\d", r"[^\w\s]"))
    return 8 <= len(value) <= 64 and classes >= 3


def _is_random(value: str) -> bool:
    if (
        not 16 <= len(value) <= 512
        or not re.search(r"\d", value)
        or not re.search(r"[A-Za-z]", value)
    ):
        return False
    if re.fullmatch(r"[0-9a-fA-F-]+", value):
        return len(value.replace("-", "")) >= 24 and _entropy(value) > 3.0
    return _entropy(value) > 3.3 and len(re.findall(r"\d", value)) >= 2


def _entropy(value: str) -> float:
    """Bits of each character, by how often each occurs."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def _signing_keys(file: SourceFile, said: set[ast.Constant]) -> Iterator[Problem]:
    """The key with which tokens are signed may be short, it is a secret all the same."""
    for key in _session_keys(file):
        if key not in said:
            yield _problem(key, "The key that signs sessions stands in the code.")
    for call in file.calls("encode", "decode"):
        name = file.qualified_name(call.func) or ""
        if name.startswith(("jwt.", "jose.jwt.")) and name.rsplit(".", 1)[-1] in _JWT:
            key = file.argument(call, 1, "key")
            if (
                isinstance(key, ast.Constant)
                and isinstance(key.value, str)
                and key.value
                and key not in said
            ):
                yield _problem(key, "The key that signs tokens stands in the code.")


def _session_keys(file: SourceFile) -> Iterator[ast.Constant]:
    """The keys of signed cookies and links: `add_middleware(SessionMiddleware, secret_key="x")`."""
    words = {"SessionMiddleware", "URLSafeTimedSerializer", "URLSafeSerializer", "TimestampSigner"}
    for call in file.calls("add_middleware", "Middleware", *sorted(words)):
        names = [call.func, *call.args[:1]]
        if not any((file.qualified_name(name) or "").rsplit(".", 1)[-1] in words for name in names):
            continue
        key = file.argument(call, 0, "secret_key")
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value:
            yield key


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case _:
            return ""
