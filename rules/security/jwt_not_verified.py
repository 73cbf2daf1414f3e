"""SEC105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_DECODERS = {
    "jwt.decode",
    "jose.jwt.decode",
    "jwt.PyJWT.decode",
    "jwt.api_jwt.decode",
    "jwt.decode_complete",
}
_UNVERIFIED = {"jose.jwt.get_unverified_claims", "jose.jws.get_unverified_claims"}


@rule(
    "SEC105",
    on=ast.Call,
    calls=("decode", "decode_complete", "get_unverified_claims"),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("sonar:S5659",),
)
def jwt_not_verified(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A JSON web token is read without a check of who signed it.

    Anyone can write a token with any user in it. Decode it with the key and the algorithms that
    you sign with.

    ```python
    import jwt


    def user_of(token: str, key: str) -> str:
        claims = jwt.decode(token, options={"verify_signature": False})  # finding
        return claims["sub"]


    def admin_of(token: str, key: str) -> str:
        return jwt.decode(token, key, algorithms=["HS256", "none"])["sub"]  # finding
    ```

    Verified with named algorithms it is fine:

    ```python
    import jwt


    def user_of(token: str, key: str) -> str:
        return jwt.decode(token, key, algorithms=["HS256"])["sub"]
    ```

    A look inside before the check, to choose the key, is fine:

    ```python
    import jwt


    def user_of(token: str, keys: dict[str, str]) -> str:
        issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
        return jwt.decode(token, keys[issuer], algorithms=["RS256"])["sub"]
    ```
    """
    name = file.qualified_name(call.func)
    if name in _UNVERIFIED:
        if not _verified_nearby(call, file):
            yield Problem(
                call, f"`{name}` believes whatever the token says. Use `jwt.decode` with the key."
            )
        return
    if name not in _DECODERS:
        return
    if (what := _turned_off(call, file)) and not _verified_nearby(call, file):
        yield Problem(
            call,
            f"`{what}` accepts tokens that anyone can write, for any user. Decode with the key and"
            " `algorithms=[...]`.",
            severity=Severity.WARNING if _is_own_answer(call) else None,
            confidence=Confidence.MEDIUM if _is_own_answer(call) else Confidence.HIGH,
        )
    elif _allows_none(call, file):
        yield Problem(
            call, 'The algorithm `"none"` accepts tokens without a signature. Take it out.'
        )
    elif what is None and _lacks_algorithms(call, file):
        yield Problem(
            call,
            "Without `algorithms=[...]` the token itself says how it is to be checked. Name the algorithm"
            " that you sign with.",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )


def _is_own_answer(call: ast.Call) -> bool:
    """An `id_token` may come straight from the provider over TLS, where nobody can change it."""
    return bool(call.args) and "id_token" in ast.unparse(call.args[0])


def _turned_off(call: ast.Call, file: SourceFile) -> str | None:
    verify = file.argument(call, 99, "verify")
    if verify is not None and file.literal(verify) is False:
        return "verify=False"
    options = file.argument(call, 99, "options")
    if isinstance(options, ast.Name):
        options = file.value(options)
    if not isinstance(options, ast.Dict):
        return None
    for key, value in zip(options.keys, options.values, strict=True):
        if (
            isinstance(key, ast.Constant)
            and key.value == "verify_signature"
            and file.literal(value) is False
        ):
            return '"verify_signature": False'
    return None


def _allows_none(call: ast.Call, file: SourceFile) -> bool:
    given = file.literal(file.argument(call, 2, "algorithms"))
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, (list, tuple, set)):
        return False
    return any(str(item).lower() == "none" for item in names)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] a literal


def _lacks_algorithms(call: ast.Call, file: SourceFile) -> bool:
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    return file.argument(call, 2, "algorithms") is None and len(call.args) >= 2


def _verified_nearby(call: ast.Call, file: SourceFile) -> bool:
    """Whether the same function also decodes with a key, so that this is only a look inside."""
    function = file.enclosing_function(call)
    return any(
        other is not call
        and file.enclosing_function(other) is function
        and file.qualified_name(other.func) in _DECODERS
        and _turned_off(other, file) is None
        for other in file.calls("decode", "decode_complete")
    )
