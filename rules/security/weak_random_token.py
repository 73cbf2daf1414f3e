"""SEC114."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import COMPREHENSIONS, FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_RANDOM = {
    "random.choice", "random.choices", "random.randint", "random.randrange", "random.random",
    "random.getrandbits", "random.sample", "random.randbytes", "uuid.uuid1", "numpy.random.randint",
}  # fmt: skip
_SECRET = re.compile(
    r"(token(?!iz|s_per|_?ids?$|_count)|secret|passw(or)?d|passwd|(^|_)otp(_|$)|api_?key|csrf"
    r"|session_?(id|key)|(verification|invite|otp|reset|auth|login|confirm\w*|access|activation|recovery|backup|pin"
    r"|security|two_factor|2fa|mfa)_?code|credential|private_?key|magic_?link|invite)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(tokens|token_id|token_index|token_count|n_token|max_token|jitter|delay|sleep|backoff|mock|fake|dummy|sample|test|captcha|confirm(ation)?_token)",
    re.IGNORECASE,
)


@rule(
    "SEC114",
    on=ast.Call,
    calls=tuple(sorted({name.rsplit(".", 1)[-1] for name in _RANDOM})),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:S311", "bandit:B311", "codeql:py/insecure-randomness"),
)
def weak_random_token(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A secret is made by `random`, whose next values can be computed from earlier ones.

    After some hundred outputs the state of the generator is known and with it every token to
    come. The module `secrets` takes them from the operating system.

    ```python
    import random
    import secrets
    import string


    def new_token() -> str:
        token = "".join(random.choice(string.ascii_letters) for _ in range(32))  # finding
        return token


    def new_key() -> str:
        return secrets.token_urlsafe(32)
    ```

    ```python fixed
    import random
    import secrets
    import string


    def new_token() -> str:
        token = "".join(secrets.choice(string.ascii_letters) for _ in range(32))
        return token


    def new_key() -> str:
        return secrets.token_urlsafe(32)
    ```

    Chance that protects nothing is fine:

    ```python
    import random


    def delay(attempt: int) -> float:
        return 2**attempt + random.random()
    ```
    """
    name = file.qualified_name(call.func)
    if name not in _RANDOM:
        return
    what = _made(call, file)
    if what is None or _is_of_a_lock(call, file) or _picks_one(call, name, file):
        return
    yield Problem(
        call,
        f"`{what}` is made by `{name}`, whose next values can be computed from earlier ones."
        " Use the module `secrets`.",
        fix=_fix(call, name, file),
    )


def _is_of_a_lock(call: ast.Call, file: SourceFile) -> bool:
    """Whether the token only tells who holds a lock."""
    around = [getattr(item, "name", "") for item in file.ancestors(call)]
    return any("lock" in str(name).lower() for name in (*around, file.path.rpartition("/")[2]))


def _picks_one(call: ast.Call, name: str, file: SourceFile) -> bool:
    """`random.choice(api_keys)`: one of several that exist already, and no new one."""
    if name != "random.choice" or len(call.args) != 1:
        return False
    if any(isinstance(around, (*COMPREHENSIONS, ast.For)) for around in file.ancestors(call)):
        return False
    pool = call.args[0]
    return isinstance(pool, (ast.Name, ast.Attribute)) and file.constant_text(pool) is None


def _made(call: ast.Call, file: SourceFile) -> str | None:
    """The name of the secret that the call helps to make."""
    for around in file.ancestors(call):
        names: list[str] = []
        match around:
            case ast.Assign(targets=targets):
                names = [_last(target) for target in targets]
            case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                names = [_last(target)]
            case ast.keyword(arg=str(name)):
                names = [name]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = [name]
            case _:
                pass
        for name in names:
            if _SECRET.search(name) and not _NOT.search(name):
                return name
        if isinstance(around, FUNCTIONS):
            return None
    return None


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case _:
            return ""


def _fix(call: ast.Call, name: str, file: SourceFile) -> Fix | None:
    if name != "random.choice" or "secrets" not in file.imported_modules or len(call.args) != 1:
        return None
    return fixes.expression(f"secrets.choice({file.source(call.args[0])})")
