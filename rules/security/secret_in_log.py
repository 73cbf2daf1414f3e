"""SEC118."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.programs import has_main, is_tool
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.keyed_addresses import holds_key, keyed_request_in_try
from rules.security.secret_names import is_loggable, is_secret_name, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LEVELS = {
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "exception",
    "critical",
    "log",
    "trace",
    "success",
    "fatal",
}
_LOGGER = re.compile(r"(^|_)(log|logger|logging|LOG|LOGGER|console|structlog)$|logger$|^_?log")
_MASKS = re.compile(
    r"(mask|redact|hash|obfusc|censor|hide|scrub|sanitiz|anonym|truncat|fingerprint|sha|md5|preview|short)",
    re.IGNORECASE,
)
_HARMLESS = {
    "len",
    "bool",
    "type",
    "id",
    "isinstance",
    "hash",
    "any",
    "all",
    "repr_type",
    "list",
    "sorted",
    "set",
}
_DATABASE = re.compile(
    r"(^|_)(database|db|postgres(ql)?|mongo(db)?|mysql|amqp|rabbitmq|broker|redis)_?(url|uri|dsn)$"
    r"|(^|_)(database|db|postgres)_?connection_?string$",
    re.IGNORECASE,
)
_CLEANED = re.compile(
    r"sqlite|hide_password|mask|redact|saniti|safe|split|partition|urlparse|\bsub\(|replace\(|print",
    re.IGNORECASE,
)
_HEADERS = re.compile(r"(^|_)headers$", re.IGNORECASE)
_KEYED_HEADERS = re.compile(
    r"authorization|api[-_]?key|cookie|POLY_|^x-token|(auth|access|session|csrf|api|admin|bearer)[-_]?token$",
    re.IGNORECASE,
)
_AUTHLIKE = re.compile(
    r"(auth|login|token|jwt|secur|session|oauth|user|account|password|webhook)", re.IGNORECASE
)
_PUSHES = re.compile(r"push|device|apns|fcm", re.IGNORECASE)
"""Their tokens name a telephone and open nothing."""
_TRADES = re.compile(
    r"price|swap|quote|pool|market|erc20|balance|trade|order|coin|collateral|outcome", re.IGNORECASE
)
"""Their tokens are what is bought and sold."""
_PIN = re.compile(r"pin_?code", re.IGNORECASE)
_POST = re.compile(r"postal|\bcity\b|district", re.IGNORECASE)
"""In India the code of a post office is called so."""
_WHERE = re.compile(r"_(path|file|dir|folder)$", re.IGNORECASE)
_PATHS = {"pathlib.Path", "os.path.join"}
_MAKES = re.compile(r"^_?(generate|make|create|new)_|^token_(hex|urlsafe)$")
_DUMPS = {"dict", "model_dump", "json", "model_dump_json"}


@rule(
    "SEC118",
    on=ast.Call,
    calls=(*sorted(_LEVELS), "print", "write", "echo", "secho", "pprint"),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("codeql:py/clear-text-logging-sensitive-data",),
)
def secret_in_log(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A secret is written to a log.

    Logs are kept for long, copied to other services and read by many; a key in them has to be
    revoked. Log that it is there, or its last four characters.

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def connect(api_key: str, settings, request):
        logger.info("connecting with %s", api_key)  # finding
        logger.debug(f"password={settings.database_password}")  # finding
        print("auth:", request.headers["Authorization"])  # finding
    ```

    The text of an `httpx` or `requests` error holds the address with the key in it:

    ```python
    import logging

    import httpx

    logger = logging.getLogger(__name__)


    async def news(client: httpx.AsyncClient, key: str):
        try:
            url = f"https://newsapi.org/v2/everything?apiKey={key}"
            answer = await client.get(url)
            answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            logger.error("News failed: %s", error)  # finding
    ```

    What only says something about a secret is fine:

    ```python
    import logging

    logger = logging.getLogger(__name__)


    def connect(api_key: str | None, token_count: int, password_file: str):
        logger.info("key given: %s", bool(api_key))
        logger.info("key %s", "set" if api_key else "missing")
        logger.info("key ...%s", api_key[-4:])
        logger.info("%d tokens, password from %s", token_count, password_file)
        logger.warning("password is wrong")
    ```
    """
    if not _writes(call, file) or _is_for_the_terminal(call, file):
        return
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for value in _shown_values(argument):
            if found := _secret(value, call, file):
                what, confidence = found
                if file.kind is FileKind.SCRIPT:
                    confidence = Confidence.MEDIUM
                yield _problem(call, what, confidence)
                return
    for keyword in call.keywords:
        if keyword.arg and _is_named_secret(keyword.arg, keyword.value):
            yield _problem(call, f"`{keyword.arg}`", Confidence.MEDIUM)
            return


def _is_named_secret(name: str, value: ast.expr) -> bool:
    """`logger.info("...", api_key=value)`, unless the value's own name says something else."""
    if not is_secret_name(name) or is_loggable(name) or not _carries(value):
        return False
    if last_name(value) == name:  # It was judged by this name already.
        return False
    return not isinstance(value, (ast.Name, ast.Attribute)) or len(last_name(value)) <= 5


def _problem(call: ast.Call, what: str, confidence: Confidence) -> Problem:
    return Problem(
        call,
        f"{what} is written to the log, where many can read it for long. Leave it out or mask it.",
        confidence=confidence,
        severity=Severity.CRITICAL
        if confidence is Confidence.HIGH and not _is_debug(call)
        else Severity.WARNING,
    )


def _is_debug(call: ast.Call) -> bool:
    """Whether it is written only when somebody has turned the details on."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in {"debug", "trace"}


def _writes(call: ast.Call, file: SourceFile) -> bool:
    match call.func:
        case ast.Name(id="print" | "pprint" | "secho" | "echo"):
            return True
        case ast.Attribute(value=owner, attr=attr) if attr in _LEVELS:
            name = file.qualified_name(owner) or ""
            return bool(_LOGGER.search(_owner_name(owner))) or name.startswith(
                ("logging", "loguru", "structlog")
            )
        case ast.Attribute(value=ast.Attribute(attr="stdout" | "stderr"), attr="write"):
            return True
        case ast.Attribute(
            value=ast.Name(id="typer" | "click" | "console" | "rich"),
            attr="echo" | "secho" | "print",
        ):
            return True
        case ast.Name(id=name) if name in _LEVELS:
            return (file.qualified_name(call.func) or "").startswith("logging.")
        case _:
            return False


def _is_for_the_terminal(call: ast.Call, file: SourceFile) -> bool:
    """`print` in a script shows a new key to the person who runs it; masks hide one in CI."""
    if any(isinstance(n, ast.Constant) and "::add-mask::" in str(n.value) for n in ast.walk(call)):
        return True
    name = _owner_name(call.func)
    if name == "print" and file.enclosing_function(call) is None and _is_main(call, file):
        return True
    if name == "print" and _is_made_here(call, file):
        return True
    if name in {"echo", "secho"} and file.imports("click", "typer"):
        return True
    is_command = file.kind is FileKind.SCRIPT or file.imports("argparse", "click", "typer")
    is_command = is_command or is_tool(file)
    return is_command and name in {"print", "echo", "secho", "pprint"}


def _is_main(call: ast.Call, file: SourceFile) -> bool:
    """Whether it stands behind `if __name__ == "__main__":`."""
    return any(
        isinstance(around, ast.If) and "__name__" in ast.unparse(around.test)
        for around in file.ancestors(call)
    )


def _owner_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _owner_name(function)
        case _:
            return ""


def _shown_values(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions whose value becomes part of what is written."""
    if isinstance(node, (ast.Constant, ast.Compare, ast.UnaryOp, ast.Lambda)):
        return
    inner = _inside(node)
    if inner is None:
        yield node
        return
    for part in inner:
        yield from _shown_values(part)


def _inside(node: ast.expr) -> list[ast.expr] | None:
    """The parts of a text or a container; None for a value."""
    match node:
        case ast.JoinedStr(values=values) | ast.BoolOp(values=values) | ast.Dict(values=values):
            return values
        case ast.FormattedValue(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
            return [value]
        case ast.Starred(value=value):
            return [value]
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return [left, right]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return items
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Call(func=ast.Attribute(value=owner, attr="format" | "join")):
            return [owner, *node.args, *(keyword.value for keyword in node.keywords)]
        case ast.Call(func=ast.Name(id="str" | "repr" | "dict" | "vars"), args=[inner]):
            return [inner]
        case ast.Call(func=ast.Attribute(attr="dumps"), args=[inner, *_]):
            return [inner]
        case _:
            return None


def _secret(value: ast.expr, call: ast.Call, file: SourceFile) -> tuple[str, Confidence] | None:
    """What secret a written value holds, for the message, and how sure that is."""
    if not _carries(value):
        return None
    name = last_name(value)
    shown = ast.unparse(value)
    shown = shown if len(shown) <= 40 else shown[:37] + "…"
    named = is_secret_name(name) and not is_loggable(name)
    if named and not _is_constant_name(value, file) and not _is_path(value, file):
        confidence = _confidence(name, file, call)
        return (f"`{shown}`", confidence) if confidence is not Confidence.LOW else None
    if _DATABASE.search(name) and not _is_without_password(value, file):
        return f"`{shown}`, with the password that it may hold,", Confidence.MEDIUM
    if _HEADERS.search(name) and _has_key(value, file):
        return f"`{shown}` with its authorization", Confidence.HIGH
    if isinstance(value, ast.Name) and keyed_request_in_try(value, file):
        return f"The text of `{shown}` holds the address with the key in it: it", Confidence.HIGH
    if isinstance(value, (ast.Name, ast.Attribute)) and holds_key(value, file):
        return f"`{shown}` with the key in it", Confidence.HIGH
    return None


def _is_without_password(value: ast.expr, file: SourceFile) -> bool:
    """Whether an address of a database is a fixed text, a file of SQLite, or was cleaned before."""
    kept = file.values(value) if isinstance(value, (ast.Name, ast.Attribute)) else [value]
    return any(
        isinstance(made, ast.Constant) or _CLEANED.search(file.source(made)) for made in kept
    )


def _is_constant_name(value: ast.expr, file: SourceFile) -> bool:
    """A name that holds a plain constant of the file, such as the name of a header."""
    return isinstance(value, (ast.Name, ast.Attribute)) and isinstance(file.literal(value), str)


def _is_path(value: ast.expr, file: SourceFile) -> bool:
    """Whether the value is where a secret is kept: `cookie = ROOT / "cookies.json"`."""
    kept = file.values(value) if isinstance(value, (ast.Name, ast.Attribute)) else []
    return bool(kept) and all(
        (isinstance(made, ast.BinOp) and isinstance(made.op, ast.Div))
        or (isinstance(made, ast.Call) and file.qualified_name(made.func) in _PATHS)
        or _WHERE.search(last_name(made))
        for made in kept
    )


def _is_made_here(call: ast.Call, file: SourceFile) -> bool:
    """Whether a program shows the one who runs it a secret that it has just made."""
    if not has_main(file):
        return False
    shown = [value for argument in call.args for value in _shown_values(argument)]
    return any(
        isinstance(made, ast.Call) and _MAKES.search(last_name(made.func))
        for value in shown
        if isinstance(value, ast.Name)
        for made in file.values(value)
    )


def _confidence(name: str, file: SourceFile, call: ast.Call) -> Confidence:
    if _PIN.search(name) and _POST.search(file.text):
        return Confidence.LOW
    if re.fullmatch(r"_?(token|cookies?|signature|sig|credentials?|preimage)", name, re.IGNORECASE):
        around = " ".join(
            [
                file.path,
                *(
                    getattr(item, "name", "")
                    for item in file.ancestors(call)
                    if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                ),
            ]
        )
        if _PUSHES.search(around) or _TRADES.search(around.rpartition("/")[2]):
            return Confidence.LOW
        return Confidence.MEDIUM if _AUTHLIKE.search(around) else Confidence.LOW
    return Confidence.HIGH


def _carries(value: ast.expr) -> bool:
    """Whether a written value is the secret itself and not a part, a length or a mask of it."""
    match value:
        case ast.Constant() | ast.Compare() | ast.UnaryOp() | ast.ListComp() | ast.GeneratorExp():
            return False
        case ast.Subscript(slice=ast.Slice()):
            return False
        case ast.Call(func=function):
            name = (
                function.attr
                if isinstance(function, ast.Attribute)
                else getattr(function, "id", "")
            )
            if name in _HARMLESS or _MASKS.search(name):
                return False
            return name in {
                "get",
                "pop",
                "getenv",
                "get_secret_value",
                "strip",
                "decode",
                "encode",
                "hex",
                *_DUMPS,
            }
        case ast.Attribute(attr=attr):
            return not _MASKS.search(attr)
        case ast.Name(id=name):
            return not _MASKS.search(name)
        case _:
            return isinstance(value, ast.Subscript)


def _has_key(value: ast.expr, file: SourceFile) -> bool:
    """Whether headers are those of the request that is served, or hold a key that the file puts in."""
    if isinstance(value, ast.Attribute) and file.qualified_name(value.value) == "fastapi.Request":
        return True
    if not isinstance(value, (ast.Name, ast.Attribute)):
        return False
    return _is_put_in(value, file) or any(
        isinstance(made, ast.Dict) and any(map(_names_key, made.keys, made.values))
        for made in file.values(value)
    )


def _is_put_in(headers: ast.expr, file: SourceFile) -> bool:
    """Whether the function puts a key into headers that it has: `headers["Authorization"] = ...`."""
    function = file.enclosing_function(headers)
    if function is None:
        return False
    shown = ast.unparse(headers)
    return any(
        isinstance(target, ast.Subscript)
        and node.lineno < headers.lineno
        and ast.unparse(target.value) == shown
        and _names_key(target.slice, node.value)
        for node in file.body(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
    )


def _names_key(key: ast.expr | None, value: ast.expr) -> bool:
    """Whether a header with this name and value lets somebody in."""
    return (
        isinstance(key, ast.Constant)
        and not isinstance(value, ast.Constant)
        and _KEYED_HEADERS.search(str(key.value)) is not None
    )
