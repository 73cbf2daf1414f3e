"""SEC103."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, cast

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.tables.secrets import KNOWN, NOT_SECRET_NAME, PLACEHOLDER, SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

    class _Literal(ast.Constant):
        value: str  # pyright: ignore[reportIncompatibleVariableOverride] narrowed


_KNOWN = {kind: (frozenset(marks), re.compile(pattern)) for kind, (marks, pattern) in KNOWN.items()}
_MARKS = sorted({mark for marks, _ in _KNOWN.values() for mark in marks})
_WALLET_KEY = re.compile(r"^(0x)?[0-9a-fA-F]{64}$")
_WALLET_NAME = re.compile(
    r"(priv|secret|(^|_)pk$|wallet_?key|signer|mnemonic|owner_?key)", re.IGNORECASE
)
_ADDRESS = re.compile(r"^0x[0-9a-fA-F]{40}$")
_WORDS = re.compile(r"^[A-Za-z]+([-_ ./:,@+][A-Za-z]*)*(\d{1,2})?$")
_CODE = re.compile(r"[\s/\\(){}\[\]<>]|^https?:|^\w+\.\w+$|^[a-z]+(_[a-z]+)+\d?$")
_SPOKEN = re.compile(r"[a-z]{2,}(?:[_-][a-z]+){2,}(?:[_-]?\d{1,6})?")
"""`whsec_booking_secret_1`: words where a generated key has letters and digits in disorder."""
_PASSING = re.compile(r"^_*(temp|tmp|dummy|fake|sample|demo|seed|mock)_", re.IGNORECASE)
"""Names of passwords that a program makes up for a run."""
_PASSWORD = re.compile(r"passw|pwd|pass_?phrase", re.IGNORECASE)
_MNEMONIC = re.compile(r"^([a-z]{3,8} ){11,23}[a-z]{3,8}$")
_DIGIT = re.compile(r"\d")
_WRAPPERS = {"SecretStr", "SecretBytes", "Field", "str", "bytes"}
_PUBLIC = ("phc_", "pk_live_", "pk_test_", "sk_test_", "pub_", "price_", "prod_")
"""Beginnings of keys that are meant for browsers or for tests."""
_STANDS_FOR = re.compile(
    r"#.*\b(replace|your own|dummy|fake|fixture|placeholder|throwaway|not a real|nosec|mock)\b",
    re.IGNORECASE,
)
_PRETENDS = re.compile(r"(^|_)(fake|mock|dummy|simulators?|fixtures?|test)(_|\.)")
"""Names of files that make up what they need: `create_fake_admin.py`, `simulator_test_tools.py`."""
_EXAMPLES = {"example", "examples"}
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
    if _PRETENDS.search(file.path.rpartition("/")[2]):
        return
    for name, value in _named(file):
        if value in said or not isinstance(value.value, str):
            continue
        if (kind := _kind(name, value.value)) is not None and not _is_to_be_replaced(value, file):
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
    """Literals that give themselves away; only what all of them together have marks of is sought."""
    together = "\n".join([constant.value for constant in _texts(file)])
    present = [mark for mark in _MARKS if mark in together and mark in file.text]
    kinds = [kind for kind, (marks, _) in _KNOWN.items() if not marks.isdisjoint(present)]
    for constant in _texts(file) if present else ():
        value = constant.value
        if not any([mark in value for mark in present]):  # noqa: C419 no generator for each literal
            continue
        for kind in kinds:
            marks, pattern = _KNOWN[kind]
            if not any(mark in value for mark in marks):
                continue
            if (found := pattern.search(value)) and not _is_made_up(found[0]):
                if not _is_example(constant, file):
                    yield constant, kind
                break


def _is_made_up(value: str) -> bool:
    tail = value[-24:]
    if _SPOKEN.fullmatch(value):
        return True
    return bool(PLACEHOLDER.search(value)) or _entropy(tail) < 2.5 or "EXAMPLE" in value


def _texts(file: SourceFile) -> list[_Literal]:
    """The literals that could be a secret: long enough, no single word, no docstring."""
    return file.memo("texts", lambda: _long_literals(file))


def _long_literals(file: SourceFile) -> list[_Literal]:
    return [
        constant
        for constant in cast("list[_Literal]", file.texts)
        if 8 <= len(constant.value) <= 4096 and not constant.value.isalpha()
    ]


def _is_example(constant: ast.Constant, file: SourceFile) -> bool:
    """Whether it stands in the `examples=[...]` of a field or of a documented answer."""
    child: ast.AST = constant
    for around in file.ancestors(constant):
        match around:
            case ast.keyword(arg=name):
                return name in _EXAMPLES
            case ast.Dict(keys=keys, values=values) if child in values:
                key = keys[values.index(child)]
                if isinstance(key, ast.Constant) and key.value in _EXAMPLES:
                    return True
            case ast.List() | ast.Tuple():
                pass
            case _:
                return False
        child = around
    return False


def _is_to_be_replaced(value: ast.Constant, file: SourceFile) -> bool:
    """Whether a comment on the line or above it says that the value stands for another."""
    lines = file.lines[max(value.lineno - 3, 0) : value.lineno]
    return any(_STANDS_FOR.search(line) for line in lines)


def _named(file: SourceFile) -> Iterator[tuple[str, ast.Constant]]:
    """Literals with a digit or a dozen words in them, with the names under which they stand."""
    for constant in _texts(file):
        value = constant.value
        spaces = value.count(" ")
        if len(value) > 512 or (spaces < 11 and (spaces or not _DIGIT.search(value))):
            continue
        name = _name_of(constant, file)
        if name and SECRET_NAME.search(name) and not _is_example(constant, file):
            yield name, constant


def _name_of(value: ast.expr, file: SourceFile) -> str:
    """The name under which a literal stands, through `SecretStr("...")` and `x or "..."`."""
    around = file.parent(value)
    match around:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target):
            return _last(target)
        case ast.keyword(arg=str(name)):
            call = file.parent(around)
            if name in {"default", "value"} and isinstance(call, ast.Call):
                return _name_of(call, file)
            return name
        case ast.Dict(keys=keys, values=values):
            key = keys[values.index(value)] if value in values else None
            return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        case ast.arguments():
            return _parameter_of(value, around)
        case ast.Compare(left=left):
            return _last(left)
        case ast.BoolOp() | ast.IfExp():
            return _name_of(around, file)
        case ast.Call():
            return _name_in_call(value, around, file)
        case _:
            return ""


def _name_in_call(value: ast.expr, call: ast.Call, file: SourceFile) -> str:
    match call.args:
        case [ast.Constant(value=str(name)), second, *_] if second is value:
            return name if _last(call.func) in {"getenv", "get", "pop", "setdefault"} else ""
        case [first, *_] if first is value and _last(call.func) in _WRAPPERS:
            return _name_of(call, file)
        case _:
            return ""


def _parameter_of(default: ast.expr, arguments: ast.arguments) -> str:
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((argument.arg for argument, value in pairs if value is default), "")


def _kind(name: str, value: str) -> str | None:
    """What kind of secret a named literal is; None when it is none."""
    if not SECRET_NAME.search(name) or NOT_SECRET_NAME.search(name) or _ADDRESS.match(value):
        return None
    if _PASSING.match(name):
        return None
    if value.startswith(_PUBLIC) or _SPOKEN.fullmatch(value):
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
    for call in file.calls("encode", "decode") if "jwt" in file.text else ():
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
