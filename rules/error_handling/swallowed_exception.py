"""ERR101."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.error_handling.cancelled_error_swallowed import swallowing_handler
from rules.error_handling.handlers import (
    BROAD,
    is_broad,
    is_log_call,
    last_name,
    run_by,
    shown,
)
from rules.error_handling.quiet import (
    comes_to_nothing,
    gives_reason,
    is_explained,
    is_quiet,
    is_whispered,
)
from rules.tables.consequences import (
    CLEANING,
    CONVERTING,
    GUARDING,
    MEASURING,
    TELEMETRY,
    WRITING,
    WRITING_SQL,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_SHORT = 2
_LONG = 4
_SIMPLE = (
    ast.Expr,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Return,
    ast.Import,
    ast.ImportFrom,
    ast.Pass,
    ast.Break,
    ast.Continue,
)
_PREDICATE = re.compile(
    r"(^|_)(is|has|can)_|^_*(check|supports?|looks?|should|was|exists?|try|ping|healthy?|validate|safe|"
    r"maybe|detect|del|exit|aexit|repr|str|getattr)_|^_*(ping|health|healthcheck)$"
)

_COMPLETES = re.compile(r"(^|[/_])complet(er|ers|ion|ions)([/_.]|$)")
"""Files that offer completions at a terminal, where silence is the answer to any trouble."""
_ABOUT_BUILD = re.compile(
    r"(^|_)(git|revision|hostname|build_info|version|commit_(hash|sha)|sha)(_|$)"
)
_VERIFIES = re.compile(r"^_?(verify|decode|authenticate|introspect)(_\w+)?$")
_UNIMPORTANT = re.compile(
    r"non[-_ ]?(fatal|critical|blocking|essential)|best[-_ ]effort|optional|skip|harmless|may not exist",
    re.IGNORECASE,
)
_OF_FILES = re.compile(r"`(write_text|write_bytes|upload|put_object)`")
_SAYS = re.compile(
    r"otherwise|(on|upon) (any |an )?(error|failure|exception)|(if|when) (\w+ ){0,3}(fails?|cannot|can't|invalid|is not|"
    r"not|unavailable|missing)|fails? silently|best[- ]effort|never rais",
    re.IGNORECASE,
)


@rule(
    "ERR101",
    on=(ast.Try, ast.With),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.MIGRATION, FileKind.SCRIPT),
    peers=("ruff:S110", "ruff:S112", "bandit:B110", "bandit:B112"),
)
def swallowed_exception(node: ast.Try | ast.With, file: SourceFile) -> Iterator[Problem]:
    """A broad `except` that passes on in silence hides every error, also those nobody thought of.

    A typing error, a changed API answer and a full disk all look like "no result": the code goes
    on with wrong data and the log is empty when somebody asks why. Catch the errors that are
    expected here, and log the rest with its traceback or let it rise. Around a write, an order
    or a login it is critical: the caller believes that it happened.

    ```python
    async def refresh(api_call) -> None:
        try:
            result = await api_call()
        except Exception:  # finding: warning
            pass


    def save(conn, row) -> None:
        try:
            conn.execute("INSERT INTO trades (id) VALUES (?)", (row.id,))
            conn.commit()
        except Exception:  # finding: critical
            pass


    async def prices(client) -> list[float]:
        try:
            return (await client.get("/prices")).json()
        except Exception:  # finding
            return []
    ```

    `suppress(Exception)` is the same in one line:

    ```python
    from contextlib import suppress


    def refresh(cache) -> None:
        with suppress(Exception):  # finding
            cache.refresh()
    ```

    An order or a write of which only those hear who debug:

    ```python
    import logging

    logger = logging.getLogger(__name__)


    async def settle(session, trade) -> None:
        try:
            session.add(trade)
            await session.commit()
        except Exception as error:  # finding: warning
            logger.debug("settle failed: %s", error)
    ```

    Expected errors, and errors of which somebody hears:

    ```python
    import logging

    logger = logging.getLogger(__name__)


    async def prices(client) -> list[float]:
        try:
            return (await client.get("/prices")).json()
        except TimeoutError:
            return []
        except Exception:
            logger.warning("No prices", exc_info=True)
            return []


    def load(path: str) -> dict[str, str]:
        try:
            return read(path)
        except Exception as error:
            return {"error": str(error)}
    ```

    With a comment that says why, it is a decision, and only a suggestion:

    ```python
    def warm_up(model) -> None:
        try:
            model.predict("warm up")
        except Exception:  # finding: suggestion
            pass  # best effort: the first request loads it otherwise
    ```

    Closing something that is thrown away anyway, a predicate and the conversion of one value:

    ```python
    def stop(connection) -> None:
        try:
            connection.close()
        except Exception:
            pass


    def is_number(text: str) -> bool:
        try:
            parse(text)
        except Exception:
            return False
        return True


    def number(text: str) -> float | None:
        try:
            return float(text)
        except Exception:
            return None
    ```
    """
    if isinstance(node, ast.With):
        yield from _suppressed(node, file)
        return
    for handler in node.handlers:
        if not is_broad(handler, file):
            continue
        if is_whispered(handler, file):
            yield from _whispered(node, handler, file)
            continue
        if not is_quiet(handler, file):
            continue
        if not _may(node, handler, file) and swallowing_handler(node, file) is not handler:
            severity, what = _cost(node, handler, file)
            meant = is_explained(handler, file) or _is_documented(node, handler, file)
            if meant or _only_cleans(node.body, file):
                severity = Severity.SUGGESTION
            yield Problem(
                handler,
                f"`{shown(handler, file)}` {_does(handler)} and says nothing, so {what}."
                " Catch the errors that you expect; log the others with their traceback.",
                severity=severity,
            )


def _whispered(node: ast.Try, handler: ast.ExceptHandler, file: SourceFile) -> Iterator[Problem]:
    """A write or an order whose failure stands in the log only where somebody debugs."""
    severity, what = _worst(node.body, file, guards=False)
    if severity is not Severity.CRITICAL or _OF_FILES.search(what) or _may(node, handler, file):
        return
    text = file.source(handler)
    meant = is_explained(handler, file) or _UNIMPORTANT.search(text)
    yield Problem(
        handler,
        f"`{shown(handler, file)}` tells of it at the debug level only, so in production {what}."
        " Log it as a warning or an error, with its traceback.",
        severity=Severity.SUGGESTION if meant else Severity.WARNING,
        confidence=Confidence.MEDIUM,
    )


def _suppressed(node: ast.With, file: SourceFile) -> Iterator[Problem]:
    for item in node.items:
        call = item.context_expr
        if not isinstance(call, ast.Call) or last_name(call.func) != "suppress":
            continue
        if file.qualified_name(call.func) != "contextlib.suppress" or _only_cleans(node.body, file):
            continue
        if _only_measures(node.body, file):
            continue
        if any(file.qualified_name(argument) in BROAD for argument in call.args):
            yield Problem(
                node,
                f"`{file.source(call)}` hides every error of this block."
                " Name the errors that you expect; log the others with their traceback.",
                severity=Severity.SUGGESTION
                if gives_reason(file.lines[max(node.lineno - 2, 0) : node.lineno])
                else _worst(node.body, file)[0],
            )


def _may(node: ast.Try, handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether silence is the point of this handler."""
    function = file.enclosing_function(node)
    if _COMPLETES.search(file.path):
        return True
    if function is not None and _PREDICATE.match(function.name) and not _goes_on(handler):
        return True
    if function is not None and (function.name.startswith("__") or _says_no(handler, function)):
        return True
    if function is not None and not _goes_on(handler) and _answers_no(node, handler, function):
        return True
    if _only_imports(node.body, function) or _is_asked_next(node, handler, file):
        return True
    if _fails_anyway(node, file) or _only_tells(node.body, file):
        return True
    cleans = handler.type is not None and _only_cleans(node.body, file)
    if cleans or _only_converts(node, file) or _only_measures(node.body, file):
        return True
    return _inside_handler(node, file) or _waits_for_cancelled(node, file)


def _is_documented(node: ast.Try, handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the function's docstring says what it returns when it fails."""
    function = file.enclosing_function(node)
    text = ast.get_docstring(function) if function is not None else None
    return (
        text is not None and isinstance(handler.body[-1], ast.Return) and bool(_SAYS.search(text))
    )


def _fails_anyway(node: ast.Try, file: SourceFile) -> bool:
    """Whether an error is raised right after, so that only a detail of it can be missing."""
    return isinstance(_next(node, file), ast.Raise)


def _next(node: ast.Try, file: SourceFile) -> ast.stmt | None:
    """The statement that follows in the same block."""
    block = getattr(file.parent(node), "body", [])
    after = block[block.index(node) + 1 :] if node in block else []
    return after[0] if after else None


def _says_no(handler: ast.ExceptHandler, function: FunctionNode) -> bool:
    """Whether `False` is what a function with a yes or no for an answer returns."""
    match handler.body[-1], function.returns:
        case ast.Return(value=ast.Constant(value=False)), ast.Name(id="bool"):
            return True
        case _:
            return False


def _answers_no(node: ast.Try, handler: ast.ExceptHandler, function: FunctionNode) -> bool:
    """Whether nothing is what to answer: no version without git, nobody for a forged token."""
    match handler.body[-1]:
        case ast.Return(value=None | ast.Constant(value=None | False)):
            pass
        case _:
            return False
    if _ABOUT_BUILD.search(function.name):
        return True
    match node.body[-1]:
        case ast.Return(value=ast.Call() as call) | ast.Return(value=ast.Await(value=call)):
            return bool(_VERIFIES.match(last_name(call)))
        case _:
            return False


def _only_imports(body: list[ast.stmt], function: FunctionNode | None) -> bool:
    """Whether a module that may be missing is imported, with what a file does of it."""
    imports = [isinstance(statement, (ast.Import, ast.ImportFrom)) for statement in body]
    return all(imports) or (function is None and imports[0])


def _is_asked_next(node: ast.Try, handler: ast.ExceptHandler, file: SourceFile) -> bool:
    """Whether the next statement asks for the default that the handler sets."""
    match handler.body[-1], _next(node, file):
        case ast.Assign(targets=[ast.Name(id=name)]), ast.If(test=test):
            return any(isinstance(n, ast.Name) and n.id == name for n in file.within(test))
        case _:
            return False


def _only_tells(body: list[ast.stmt], file: SourceFile) -> bool:
    """Whether the block does nothing but log or print, so that only a line is missing."""
    return all(_is_line(statement, file) for statement in body)


def _is_line(statement: ast.stmt, file: SourceFile) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
        case ast.Expr(value=call):
            return is_log_call(call)
        case ast.If(body=body, orelse=orelse):
            return _only_tells([*body, *orelse], file)
        case _:
            return False


def _only_measures(body: list[ast.stmt], file: SourceFile) -> bool:
    """Whether the block feeds metrics or traces, which must not stop the work."""
    if TELEMETRY.search(file.path):
        return True
    calls = [n for n in run_by(body, file) if isinstance(n, ast.Call)]
    return any(MEASURING.search(file.source(call.func)) for call in calls)


def _waits_for_cancelled(node: ast.Try, file: SourceFile) -> bool:
    """Whether the end of other work is waited for, whose outcome is somebody else's."""
    match node.body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(attr="result" | "exception"), args=[]))]:
            return True
        case [ast.Expr(value=ast.Await())]:
            function = file.enclosing_function(node)
            return any(file.enclosing_function(c) is function for c in file.calls("cancel"))
        case _:
            return False


def _goes_on(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], (ast.Pass, ast.Continue)) or comes_to_nothing(
        handler.body[-1]
    )


def _only_cleans(body: list[ast.stmt], file: SourceFile) -> bool:
    """Whether nothing but closing, cancelling and removing happens in the block."""
    match body:
        case [ast.If(body=inner, orelse=[])]:  # `if path.exists(): path.unlink()`
            return _only_cleans(inner, file)
        case _:
            pass
    names = [last_name(n.func) for n in run_by(body, file) if isinstance(n, ast.Call)]
    return bool(names) and all(CLEANING.search(name) for name in names[:1]) and len(body) <= _SHORT


def _only_converts(node: ast.Try, file: SourceFile) -> bool:
    """Whether a value is read or converted, and nothing else."""
    body = [s for statement in node.body for s in _branches(statement)]
    if len(body) > _LONG or not all(isinstance(s, _SIMPLE) for s in body):
        return False
    calls = [n for n in run_by(node.body, file) if isinstance(n, (ast.Call, ast.Await))]
    return all(
        isinstance(call, ast.Call)
        and (CONVERTING.match(last_name(call.func)) is not None or _reads_answer(call))
        for call in calls
    )


def _reads_answer(call: ast.Call) -> bool:
    """`response.json()`, of an answer that is here already."""
    return last_name(call.func) == "json" and not call.args and not call.keywords


def _branches(statement: ast.stmt) -> list[ast.stmt]:
    """The statements of both branches of an `if`, and any other statement as it is."""
    return [*statement.body, *statement.orelse] if isinstance(statement, ast.If) else [statement]


def _inside_handler(node: ast.Try, file: SourceFile) -> bool:
    """Whether this is a last attempt of a handler that itself speaks."""
    for parent in file.ancestors(node):
        if isinstance(parent, ast.ExceptHandler):
            return not is_quiet(parent, file)
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
    return False


def _cost(node: ast.Try, handler: ast.ExceptHandler, file: SourceFile) -> tuple[Severity, str]:
    if isinstance(handler.body[-1], (ast.Return, ast.Raise)) and not _is_empty(handler.body[-1]):
        what = _only_call(node.body, file)
        return Severity.WARNING, f"a failure{f' of {what}' if what else ''} looks like an answer"
    skips = isinstance(handler.body[-1], ast.Continue)
    return _worst(node.body, file, guards=not skips)


def _is_empty(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and statement.value is None


def _worst(body: list[ast.stmt], file: SourceFile, *, guards: bool = True) -> tuple[Severity, str]:
    """How bad silence is for what the block calls; `guards`: whether a refusal would be lost."""
    for node in run_by(body, file):
        if not isinstance(node, ast.Call):
            continue
        name = last_name(node.func)
        if _is_no_loss(node, name, file) or _is_swallowed_inside(node, body, file):
            continue
        text = file.text_of(node.args[0]) if node.args and name.startswith("execute") else None
        if WRITING.match(name) or (text and WRITING_SQL.match(text.with_holes())):
            return Severity.CRITICAL, f"nobody learns that `{name}` failed"
        if guards and GUARDING.match(name):
            return Severity.CRITICAL, f"a failed `{name}` lets the request through"
    return Severity.WARNING, f"nobody learns that {_only_call(body, file) or 'anything'} failed"


def _only_call(body: list[ast.stmt], file: SourceFile) -> str:
    """The one thing that the block does, for the message; empty when there are several."""
    names = {last_name(node.func) for node in run_by(body, file) if isinstance(node, ast.Call)}
    named = [name for name in names if name and not CONVERTING.match(name)]
    return f"`{named[0]}`" if len(named) == 1 else ""


def _is_no_loss(call: ast.Call, name: str, file: SourceFile) -> bool:
    """Whether it fills a cache, which can be filled again, a list, or empties an output's buffer."""
    if name == "insert" and call.args and isinstance(file.literal(call.args[0]), int):
        return True
    called = file.source(call.func).lower()
    if name == "flush" and not re.search(r"session|db|uow|unit|store", called):
        return True
    return "cache" in called


def _is_swallowed_inside(call: ast.Call, body: list[ast.stmt], file: SourceFile) -> bool:
    """Whether an inner handler takes the failure first, which is told there."""
    for parent in file.ancestors(call):
        if parent in body:
            return isinstance(parent, ast.Try) and _takes_all(parent, call, file)
        if isinstance(parent, ast.Try) and _takes_all(parent, call, file):
            return True
    return False


def _takes_all(node: ast.Try, call: ast.Call, file: SourceFile) -> bool:
    inside = any(
        node.body[0].lineno <= call.lineno <= (s.end_lineno or s.lineno) for s in node.body
    )
    return inside and any(
        is_broad(handler, file) and is_quiet(handler, file) for handler in node.handlers
    )


def _does(handler: ast.ExceptHandler) -> str:
    match handler.body[-1]:
        case ast.Return(value=None):
            return "returns"
        case ast.Return():
            return "returns a default"
        case ast.Continue():
            return "continues"
        case ast.Break():
            return "leaves the loop"
        case ast.Assign():
            return "sets a default"
        case _:
            return "passes"
