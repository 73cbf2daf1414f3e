"""API102."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.answers import Answer, answer_of, chained_body
from rules.api_integration.requests_sent import address, known_requests
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api_integration.requests_sent import Sent
    from rules.core.source import SourceFile

_LIBRARIES = {"requests", "httpx", "aiohttp"}
_ERROR_KEYS = re.compile(
    r"""(\[|\.get\(|\()\s*["'](errors?|status|code|success|ok|detail|message|retCode|retMsg|errmsg|errcode|stat)["']"""
    r"""|["'][\w-]+["']\s+(not\s+)?in\s+\w|isinstance\("""
)
_JUDGES = {
    "debug", "info", "warning", "error", "exception", "print", "model_validate",
    "model_validate_json", "parse_obj", "parse_raw", "validate_python", "validate_json",
}  # fmt: skip
_LOCAL = re.compile(r"^https?://(localhost|127\.|0\.0\.0\.0|\[::1\])")
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.Return, ast.Expr)


@rule(
    "API102",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("semgrep:use-raise-for-status",),
)
def no_raise_for_status(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The body of an answer is used though nobody looked whether the request succeeded.

    A 404, 429 or 500 has a body too: an error object, or a page of HTML. It is taken for data,
    and the failure shows up somewhere else as a missing key or an empty list.

    ```python
    import httpx


    async def best_bid(client: httpx.AsyncClient, token_id: str) -> str:
        response = await client.get("/book", params={"token_id": token_id})
        book = response.json()  # finding: warning
        return book["bids"][-1]["price"]
    ```

    ```python fixed
    import httpx


    async def best_bid(client: httpx.AsyncClient, token_id: str) -> str:
        response = await client.get("/book", params={"token_id": token_id})
        response.raise_for_status()
        book = response.json()
        return book["bids"][-1]["price"]
    ```

    Used at once, there is nowhere left to look:

    ```python
    import requests


    def archive(url: str, path: str) -> None:
        with open(path, "wb") as file:
            file.write(requests.get(url, timeout=30).content)  # finding: warning


    def titles(url: str) -> list[str]:
        articles = requests.get(url, timeout=5).json()["articles"]  # finding: warning
        return [article["title"] for article in articles]
    ```

    A function that only passes the body on may leave the question to its callers:

    ```python
    import httpx


    async def get_data(client: httpx.AsyncClient, url: str) -> object:
        response = await client.get(url)
        return response.json()
    ```

    The status may be looked at in any way, by a hook, or by another function:

    ```python
    import aiohttp
    import httpx


    async def markets(url: str) -> list[object]:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            async with session.get(url) as response:
                return (await response.json())["markets"]


    def book(url: str) -> dict[str, object]:
        response = httpx.get(url)
        if response.status_code != 200:
            return {}
        return response.json()["book"]


    def trades(url: str) -> list[object]:
        response = httpx.get(url)
        check(response)
        return response.json()["trades"]
    ```

    A body that is validated as a whole cannot pass for data, and a program on the same machine is
    no service:

    ```python
    import httpx


    def token(url: str) -> Token:
        response = httpx.get(url)
        return Token.model_validate_json(response.text)


    def tunnels() -> list[str]:
        return httpx.get("http://127.0.0.1:4040/api/tunnels").json()["tunnels"]
    ```

    So may the body, where it says itself what went wrong or is looked at before it is used:

    ```python
    import httpx


    def orders(url: str) -> list[object]:
        response = httpx.get(url)
        data = response.json()
        if data.get("error"):
            raise ValueError(data["error"])
        return data["orders"]
    ```
    """
    if "raise_for_status=True" in file.text or "event_hooks" in file.text:
        return
    for sent in known_requests(file):
        if sent.library not in _LIBRARIES or sent.verb in {"head", "options"}:
            continue
        if _LOCAL.match(address(sent, file)):
            continue
        if (body := chained_body(sent, file)) is not None:
            yield from _chained(body, sent, file)
        elif (answer := answer_of(sent, file)) is not None:
            yield from _assigned(answer, sent, file)


def _chained(body: ast.Attribute, sent: Sent, file: SourceFile) -> Iterator[Problem]:
    read = _read(body, file)
    if _is_passed_on(read, file) or _tells_errors(sent.call, file):
        return
    yield Problem(
        read,
        f"`.{body.attr}` of this request is used whatever the status is, so an error page counts"
        " as data. Keep the response and call `raise_for_status()` first.",
    )


def _assigned(answer: Answer, sent: Sent, file: SourceFile) -> Iterator[Problem]:
    bodies = answer.bodies()
    if answer.escapes or not bodies or answer.checks() or _tells_errors(sent.call, file):
        return
    first = bodies[0]
    read = _read(first, file)
    if all(_is_passed_on(_read(body, file), file) for body in bodies):
        return
    statement = file.statement(first)
    simple = isinstance(statement, _SIMPLE) and not _in_comprehension(first, file)
    yield Problem(
        statement if simple else read,
        f"`{answer.name}.{first.attr}` is used whatever the status is, so an error page counts as"
        f" data. Call `{answer.name}.raise_for_status()` first.",
        fix=_check_first(answer.name) if simple else None,
    )


def _check_first(name: str):  # noqa: ANN202 the type of a fix is the one of fixes
    def rewrite(node: object):  # noqa: ANN202 the same
        import libcst as cst

        if not isinstance(node, cst.SimpleStatementLine):
            return None
        check = cst.parse_statement(f"{name}.raise_for_status()")
        if isinstance(check, cst.SimpleStatementLine):
            check = check.with_changes(leading_lines=node.leading_lines)
        return cst.FlattenSentinel([check, node.with_changes(leading_lines=())])

    return rewrite


def _read(body: ast.Attribute, file: SourceFile) -> ast.expr:
    """The whole of `await response.json()` for its `response.json`."""
    node: ast.expr = body
    parent = file.parent(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        node, parent = parent, file.parent(parent)
    return parent if isinstance(parent, ast.Await) else node


def _is_passed_on(read: ast.expr, file: SourceFile) -> bool:
    """Whether the function makes nothing of the body but returns it, or only logs it."""
    parent = file.parent(read)
    if isinstance(parent, (ast.Return, ast.Yield, ast.FormattedValue, ast.Expr)):
        return True
    if _fails_here(read, file) or _is_the_verdict(parent):
        return True
    while isinstance(parent, (ast.Tuple, ast.BinOp)):
        parent = file.parent(parent)  # `log.debug("%s: %s" % (name, answer.text))`
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
        return parent.func.attr in _JUDGES
    if isinstance(parent, (ast.Assign, ast.AnnAssign)):
        return _is_only_returned(parent, file)
    return False


def _is_the_verdict(parent: ast.AST | None) -> bool:
    """`if answer.text == "OK"`: the body itself says whether the request succeeded."""
    return isinstance(parent, ast.Compare) and any(
        isinstance(other, ast.Constant) and isinstance(other.value, (str, bytes))
        for other in (parent.left, *parent.comparators)
    )


_FAILURES = {"Exception", "ValueError", "KeyError", "IndexError", "TypeError"}


def _fails_here(read: ast.expr, file: SourceFile) -> bool:
    """Whether an error page fails at once (`r.json()["items"]`, `float(r.text)`), and is caught."""
    node: ast.AST = read
    while (parent := file.parent(node)) is not None and _is_parsing(parent, node):
        node = parent
    is_number = isinstance(parent, ast.Call) and getattr(parent.func, "id", "") in {"float", "int"}
    if not (isinstance(parent, ast.Subscript) or is_number):
        return False
    child: ast.AST = read
    for block in file.ancestors(read):
        if isinstance(block, ast.Try) and child in block.body:
            names = {name for handler in block.handlers for name in _caught(handler)}
            return not names.isdisjoint(_FAILURES)
        child = block
    return False


def _is_parsing(parent: ast.AST, node: ast.AST) -> bool:
    """Whether the parent is a part of `json.loads(text)` or `text.strip()` around the node."""
    if isinstance(parent, ast.Attribute):
        return parent.attr == "strip"
    if not isinstance(parent, ast.Call):
        return False
    return parent.func is node or getattr(parent.func, "attr", "") == "loads"


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"Exception"}
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def _is_only_returned(statement: ast.Assign | ast.AnnAssign, file: SourceFile) -> bool:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if not isinstance(target, ast.Name):
        return False
    function = file.enclosing_function(statement)
    uses = [
        name
        for name in file.of(ast.Name)
        if name.id == target.id
        and isinstance(name.ctx, ast.Load)
        and file.enclosing_function(name) is function
        and name.lineno > statement.lineno
    ]
    return bool(uses) and all(isinstance(file.parent(use), ast.Return) for use in uses)


def _tells_errors(call: ast.Call, file: SourceFile) -> bool:
    """Whether the function asks the body itself for an error."""
    function = file.enclosing_function(call)
    text = file.source(function) if function is not None else file.text
    return _ERROR_KEYS.search(text) is not None


def _in_comprehension(node: ast.AST, file: SourceFile) -> bool:
    scope = file.scopes.of(node)
    return not isinstance(scope, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef))
