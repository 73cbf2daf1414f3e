"""SEC113."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_BROKEN = {"hashlib.md5", "hashlib.sha1", "Crypto.Hash.MD5.new", "Crypto.Hash.SHA1.new"}
_FAST = {
    *_BROKEN,
    "hashlib.sha256",
    "hashlib.sha512",
    "hashlib.sha224",
    "hashlib.sha384",
    "hashlib.blake2b",
}
_PASSWORD = re.compile(
    r"(^|_)(passw(or)?d|passwd|pwd|pw|passphrase|plain_?pass\w*)(_|$)", re.IGNORECASE
)
_SECURITY = re.compile(
    r"(secret|token|signature|(^|_)sign(_|$|ed|ing)|hmac|api_?key|credential|csrf|verify_|session_id|auth)",
    re.IGNORECASE,
)


@rule(
    "SEC113",
    on=ast.Call,
    calls=("md5", "sha1", "sha256", "sha512", "sha224", "sha384", "blake2b", "new"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S324", "bandit:B324", "codeql:py/weak-sensitive-data-hashing"),
)
def weak_hash(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A broken or a fast hash protects something that must not be guessed.

    Two texts with one MD5 or SHA-1 can be made at will, and a password under any fast hash is
    found by trying billions a second. Use `bcrypt`, `scrypt` or `argon2` for passwords and
    SHA-256 with `hmac` for signatures.

    ```python
    import hashlib


    def store(password: str, api_token: str) -> tuple[str, str]:
        hashed = hashlib.sha256(password.encode()).hexdigest()  # finding: critical
        token = hashlib.md5(api_token.encode()).hexdigest()  # finding: warning
        return hashed, token
    ```

    A hash that only names or compares content is fine, and so is a slow one for a password:

    ```python
    import hashlib


    def etag(body: bytes) -> str:
        return hashlib.md5(body).hexdigest()


    def store(password: str, salt: bytes) -> bytes:
        return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    ```
    """
    name = _algorithm(call, file)
    if name not in _FAST or "pwned" in file.lowered:
        return
    last = name.rsplit(".", 1)[-1] if "Crypto" not in name else name.split(".")[2].lower()
    if _mentions(call, _PASSWORD, file):
        yield Problem(
            call,
            f"A password under `{last}` is found by trying billions of guesses a second. Use a slow hash:"
            " `argon2`, `bcrypt` or `hashlib.scrypt`.",
            severity=Severity.CRITICAL,
            confidence=Confidence.MEDIUM if name not in _BROKEN else Confidence.HIGH,
        )
    elif name in _BROKEN and not _is_marked(call, file) and _is_about_security(call, file):
        yield Problem(
            call,
            f"`{last}` is broken: two inputs with the same hash can be made. Use SHA-256 here, or say"
            " `usedforsecurity=False`.",
            confidence=Confidence.MEDIUM,
        )


def _algorithm(call: ast.Call, file: SourceFile) -> str:
    name = file.qualified_name(call.func) or ""
    if name == "hashlib.new" and call.args:
        return f"hashlib.{file.literal(call.args[0])}"
    return name


def _is_marked(call: ast.Call, file: SourceFile) -> bool:
    return file.literal(file.argument(call, 99, "usedforsecurity")) is False


def _mentions(call: ast.Call, words: re.Pattern[str], file: SourceFile) -> bool:
    return any(
        isinstance(node, (ast.Name, ast.Attribute))
        and words.search(node.id if isinstance(node, ast.Name) else node.attr)
        for argument in (*call.args, *_added_later(call, file))
        for node in ast.walk(argument)
    )


def _added_later(call: ast.Call, file: SourceFile) -> Iterator[ast.expr]:
    """What `update` gives to the hash when it is kept in a variable first."""
    match file.statement(call):
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is call:
            function = file.enclosing_function(call)
        case _:
            return
    for update in file.calls("update"):
        match update.func:
            case ast.Attribute(value=ast.Name(id=owner)) if owner == name:
                if file.enclosing_function(update) is function:
                    yield from update.args
            case _:
                pass


def _is_about_security(call: ast.Call, file: SourceFile) -> bool:
    if _mentions(call, _SECURITY, file):
        return True
    statement = file.statement(call)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    function = file.enclosing_function(call)
    names = [ast.unparse(target) for target in targets] + ([function.name] if function else [])
    return any(_SECURITY.search(name) for name in names)
