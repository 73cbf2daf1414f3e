"""Whether a call can wait for ever, or for minutes, judged by all places that set a limit."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.tables.timeouts import WAITS, Waiting

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_LIMITS = {
    "asyncio.wait_for", "asyncio.timeout", "asyncio.timeout_at", "async_timeout.timeout",
    "anyio.fail_after", "anyio.move_on_after", "trio.fail_after", "trio.move_on_after",
}  # fmt: skip
_NO_LIMIT = {"httpx.Timeout", "aiohttp.ClientTimeout", "urllib3.Timeout", "urllib3.util.Timeout"}


def given_timeout(call: ast.Call, waiting: Waiting, file: SourceFile) -> ast.expr | None:
    """The timeout that a call is given by itself."""
    if not waiting.keyword:
        return None
    if waiting.position is None:
        return keyword(call, waiting.keyword)
    return file.argument(call, waiting.position, waiting.keyword)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def has_unknown_arguments(call: ast.Call, file: SourceFile) -> bool:
    """Whether `*args` or `**options` may bring a timeout along."""
    return any(isinstance(given, ast.Starred) for given in call.args) or any(
        not _is_without_timeout(given.value, file) for given in call.keywords if given.arg is None
    )


def _is_without_timeout(options: ast.expr, file: SourceFile) -> bool:
    """Whether `**options` is seen to hold no timeout: written out, here or by a function."""
    match options:
        case ast.Dict(keys=keys):
            return all(isinstance(key, ast.Constant) and key.value != "timeout" for key in keys)
        case ast.Name():
            value = file.value(options)
            return (
                isinstance(value, ast.Dict)
                and _is_without_timeout(value, file)
                and not (_is_changed(options, file))
            )
        case ast.Call(func=function):
            made = file.defined.functions.get(file.qualified_name(function) or "")
            given = (
                [node.value for node in file.body(made) if isinstance(node, ast.Return)]
                if made
                else []
            )
            return bool(given) and all(
                isinstance(value, ast.Dict) and _is_without_timeout(value, file) for value in given
            )
        case _:
            return False


def _is_changed(name: ast.Name, file: SourceFile) -> bool:
    """Whether anything is done with a variable but reading it as `**options`, and may add to it."""
    scope = file.scopes.of(name)
    uses = (node for node in file.within(scope) if isinstance(node, ast.Name))
    return any(
        use.id == name.id
        and isinstance(use.ctx, ast.Load)
        and not isinstance(file.parent(use), ast.keyword)
        for use in uses
    )


def is_no_limit(node: ast.expr | None, file: SourceFile) -> bool:
    """Whether an expression is `None`, or a timeout object made of nothing but `None`."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        value = file.value(node)
        return value is not None and value is not node and is_no_limit(value, file)
    if isinstance(node, ast.Constant):
        return node.value is None
    if isinstance(node, ast.Call) and file.qualified_name(node.func) in _NO_LIMIT:
        values = [*node.args, *(given.value for given in node.keywords)]
        return bool(values) and all(is_no_limit(value, file) for value in values)
    return False


def is_limited_around(call: ast.AST, file: SourceFile) -> bool:
    """Whether something around the call ends the wait: `wait_for`, `async with timeout(...)`."""
    for parent in file.ancestors(call):
        if isinstance(parent, ast.Call) and file.qualified_name(parent.func) in _LIMITS:
            return True
        if isinstance(parent, (ast.With, ast.AsyncWith)) and any(
            isinstance(item.context_expr, ast.Call)
            and file.qualified_name(item.context_expr.func) in _LIMITS
            for item in parent.items
        ):
            return True
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
    return False


def is_limited_by_process(waiting: Waiting, file: SourceFile) -> bool:
    """Whether the file sets a timeout for all of its sockets."""
    return waiting.follows_socket and "setdefaulttimeout" in file.text


def session_is_unlimited(call: ast.Call, waiting: Waiting, file: SourceFile) -> bool:
    """Whether the session was built in the same function or class, and without a timeout."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    made = built(owner, file)
    if made is None or file.qualified_name(made.func) != waiting.built_by:
        return False
    timeout = keyword(made, "timeout")
    unlimited = timeout is None or is_no_limit(timeout, file)
    return unlimited and not has_unknown_arguments(made, file)


def built(owner: ast.expr | None, file: SourceFile) -> ast.Call | None:
    """The one call that built an object: assigned, opened by `with`, or used right away."""
    if isinstance(owner, ast.Call):
        return owner
    if isinstance(owner, ast.Name):
        found = file.names.reaching(owner)
        if len(found) != 1 or found[0].kind not in {"assign", "with"}:
            return None
        value = found[0].value
    elif isinstance(owner, ast.Attribute):
        made = [value for value in file.values(owner) if not _is_none(value)]
        value = made[0] if len(made) == 1 else None
    else:
        return None
    return value if isinstance(value, ast.Call) else None


def waiting_callable(node: ast.expr, file: SourceFile) -> tuple[str, Waiting] | None:
    """What a function that is handed over, and not called here, waits for."""
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    name = file.qualified_name(node) or ""
    found = WAITS.get(name)
    return (name, found) if found is not None else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
