"""SEC110."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import FUNCTIONS
from rules.security.call_edits import without_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CLIENTS = ("requests", "httpx", "aiohttp", "urllib3", "boto3", "botocore", "niquests", "curl_cffi")
_OFF = {
    "verify": {False},
    "ssl": {False},
    "verify_ssl": {False},
    "ssl_verify": {False},
    "cert_reqs": {"CERT_NONE", "NONE", 0},
    "check_hostname": {False},
    "ssl_cert_reqs": {"none", None},
    "verify_certs": {False},
}
_OPTION = re.compile(r"verif|insecure|ssl|tls|cert|self_?signed|unsafe", re.IGNORECASE)
_ATTRIBUTES = ("verify", "check_hostname", "_create_default_https_context")
_LOCAL = re.compile(r"https?://(localhost|127\.|0\.0\.0\.0|\[::1\])")
_AUTHORITY = {"cafile", "capath", "cadata"}
_UNVERIFIED = {"ssl._create_unverified_context", "ssl._create_stdlib_context"}


@rule(
    "SEC110",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=(
        "ruff:S501",
        "ruff:S323",
        "bandit:B501",
        "bandit:B323",
        "codeql:py/request-without-cert-validation",
    ),
)
def tls_verify_disabled(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Certificates are not checked, so anyone on the way can read and change what is sent.

    Keys, tokens and orders in such a request are open to whoever runs the network. Leave the
    check on, and give a private authority's certificate by `verify="/path/ca.pem"`.

    ```python
    import httpx


    async def prices(url: str):
        async with httpx.AsyncClient(timeout=5, verify=False) as client:  # finding
            return (await client.get(url)).json()
    ```

    ```python fixed
    import httpx


    async def prices(url: str):
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(url)).json()
    ```

    The same in other words:

    ```python
    import ssl

    import aiohttp
    import requests

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # finding
    names_unchecked = ssl.create_default_context()
    names_unchecked.check_hostname = False  # finding
    session = requests.Session()
    session.verify = False  # finding
    ssl._create_default_https_context = ssl._create_unverified_context  # finding


    async def page(http: aiohttp.ClientSession, url: str):
        async with http.get(url, ssl=False) as answer:  # finding
            return await answer.text()
    ```

    A certificate of one's own is fine, and so is what a setting or an option asks for:

    ```python
    import httpx

    client = httpx.Client(verify="/etc/ssl/internal-ca.pem")


    def client_for(insecure: bool):
        if insecure:
            return httpx.Client(verify=False)
        return client
    ```
    """
    yield from (found for found in _found(file) if not _is_asked_for(found.node, file))


def _found(file: SourceFile) -> Iterator[Problem]:
    with_option = (file.parent(word) for word in file.of(ast.keyword) if word.arg in _OFF)
    for call in dict.fromkeys((*with_option, *file.calls("_create_unverified_context"))):
        if isinstance(call, ast.Call):
            yield from _in_call(call, file)
    if any(attribute in file.text for attribute in _ATTRIBUTES):
        for statement in file.of(ast.Assign):
            yield from _in_assignment(statement, file)


def _is_asked_for(node: ast.AST, file: SourceFile) -> bool:
    """Whether it stands under a condition by which somebody chose it: `if not verify:`."""
    child = node
    for around in file.ancestors(node):
        if isinstance(around, (ast.If, ast.IfExp)) and child is not around.test:
            if _OPTION.search(ast.unparse(around.test)):
                return True
        elif isinstance(around, FUNCTIONS):
            return False
        child = around
    return False


def _in_call(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    for keyword in call.keywords:
        if keyword.arg not in _OFF or not _is_off(keyword.arg, _constant(keyword.value, file)):
            continue
        if _sends(call, file) and not _is_local(call, file):
            yield Problem(
                call,
                f"`{keyword.arg}={ast.unparse(keyword.value)}` turns the check of the server's"
                " certificate off: anyone on the way can read and change this traffic. Remove it.",
                fix=without_keyword(keyword.arg),
            )
    function = call.func
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if (
        last.startswith("_create_un")
        and file.qualified_name(function) in _UNVERIFIED
        and not _is_pinned(call, file)
    ):
        yield Problem(
            call,
            f"`{last}()` makes a context that accepts every certificate."
            " Use `ssl.create_default_context()`.",
            fix=_default_context(function),
        )


def _default_context(function: ast.expr):  # noqa: ANN202 the type of `expression` is the one of fixes
    if isinstance(function, ast.Attribute):
        return fixes.expression(f"{ast.unparse(function.value)}.create_default_context()")
    return None


def _constant(value: ast.expr, file: SourceFile) -> ast.expr:
    """What a constant of the module was given: `VERIFY = False`."""
    if isinstance(value, ast.Name) and value.id.isupper():
        return file.value(value) or value
    return value


def _is_off(name: str, value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=constant):
            return any(
                constant is off or (off == constant and type(off) is type(constant))
                for off in _OFF[name]
            )
        case ast.Attribute(attr="CERT_NONE"):
            return name == "cert_reqs"
        case _:
            return False


def _sends(call: ast.Call, file: SourceFile) -> bool:
    name = file.qualified_name(call.func)
    if name == "functools.partial" and call.args:
        name = file.qualified_name(call.args[0])
    if name is not None:
        root = name.split(".")[0]
        if root in _CLIENTS:
            return True
        if root in {"jwt", "jose", "ssl", "asyncio"}:
            return root == "asyncio" and "open_connection" in name
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    known = {"get", "post", "put", "patch", "delete", "request", "head", "stream", "AsyncClient", "Client",
             "Session", "TCPConnector", "PoolManager"}  # fmt: skip
    return last in known and file.imports(*_CLIENTS)


def _is_local(call: ast.Call, file: SourceFile) -> bool:
    texts = (file.text_of(argument) for argument in (*call.args, *(k.value for k in call.keywords)))
    return any(text is not None and _LOCAL.match(text.with_holes()) for text in texts)


def _in_assignment(statement: ast.Assign, file: SourceFile) -> Iterator[Problem]:
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Attribute):
        return
    if target.attr == "_create_default_https_context":
        if isinstance(value, ast.Attribute) and value.attr == "_create_unverified_context":
            yield _assigned(statement, "the check of every certificate in the whole process")
    elif target.attr == "verify_mode" and isinstance(value, ast.Attribute):
        if value.attr == "CERT_NONE":
            yield _assigned(statement, "the check of the server's certificate")
    elif target.attr == "check_hostname" and _is_false(value) and file.imports("ssl"):
        both_off = _set_in(file, target.value, "verify_mode", "CERT_NONE")
        if not both_off and not _trusts_its_own(target.value, file):
            yield _assigned(statement, "the check of the server's name")
    elif target.attr == "verify" and _is_false(value):
        owner = file.qualified_name(target.value) or ""
        if owner.startswith(("requests.", "httpx.")):
            yield _assigned(statement, "the check of the server's certificate")


def _is_pinned(call: ast.Call, file: SourceFile) -> bool:
    """Whether the certificates are asked for after all: `context.verify_mode = CERT_REQUIRED`."""
    match file.parent(call):
        case ast.Assign(targets=[target]):
            return _set_in(file, target, "verify_mode", "CERT_REQUIRED")
        case _:
            return False


def _set_in(file: SourceFile, owner: ast.expr, attribute: str, value: str) -> bool:
    """Whether the function gives an attribute of an object a value of the `ssl` module."""
    wanted = f"{ast.unparse(owner)}.{attribute}"
    around = file.enclosing_function(owner) or file.tree
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == wanted
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == value
        for node in file.body(around)
    )


def _trusts_its_own(context: ast.expr, file: SourceFile) -> bool:
    """Whether a context takes the certificates of a given authority only, so that names add little."""
    made = file.value(context) if isinstance(context, (ast.Name, ast.Attribute)) else None
    if isinstance(made, ast.Call) and any(word.arg in _AUTHORITY for word in made.keywords):
        return True
    loader = f"{ast.unparse(context)}.load_verify_locations"
    around = file.enclosing_function(context) or file.tree
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func) == loader
        for node in file.body(around)
    )


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def _assigned(statement: ast.Assign, what: str) -> Problem:
    return Problem(
        statement,
        f"`{ast.unparse(statement)}` turns {what} off: anyone on the way can read and change the"
        " traffic. Remove it.",
    )
