"""Code that tries a request again: loops around `try`, and decorators of retry libraries."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import Sent, requests_sent
from rules.core.scopes import FUNCTIONS, FunctionNode
from rules.tables.orders import MONEY_WORDS, ORDER_METHODS, SIGNED_ONLY
from rules.tables.polymarket import CLIENT_MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

SLEEPS = frozenset({"sleep", "wait", "wait_for"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_EXITS = (ast.Return, ast.Raise, ast.Break)


@dataclass(frozen=True, slots=True, eq=False)
class RetryLoop:
    """A loop whose round ends when the request in its `try` succeeds and starts again when not.

    `handlers` are those that lead to another round. `counter` is the variable that counts.
    """

    loop: ast.For | ast.AsyncFor | ast.While
    attempt: ast.Try
    handlers: tuple[ast.ExceptHandler, ...]
    requests: tuple[Sent, ...]
    orders: tuple[ast.Call, ...]
    counter: str


@dataclass(frozen=True, slots=True, eq=False)
class RetryDecorator:
    """A tenacity `@retry(...)` and what it decorates; `call` is None for a bare `@retry`."""

    node: ast.expr
    call: ast.Call | None
    function: FunctionNode | None

    def option(self, name: str) -> ast.expr | None:
        """The value of a keyword."""
        keywords = self.call.keywords if self.call else ()
        return next((given.value for given in keywords if given.arg == name), None)

    @property
    def is_open(self) -> bool:
        """Whether options come from elsewhere."""
        return self.call is not None and (
            bool(self.call.args) or any(given.arg is None for given in self.call.keywords)
        )


_TENACITY = frozenset({
    "tenacity.retry", "tenacity.Retrying", "tenacity.AsyncRetrying",
    "tenacity.asyncio.AsyncRetrying",
})  # fmt: skip


def retry_loops(file: SourceFile) -> list[RetryLoop]:
    """The retry loops of a file."""
    return file.memo("retry-loops", lambda: list(_loops(file)))


def retry_decorators(file: SourceFile) -> Iterator[RetryDecorator]:
    """Every use of tenacity's `retry`, and of its classes."""
    if not file.imports("tenacity"):
        return
    seen: set[ast.AST] = set()
    for function in file.functions:
        for node in function.decorator_list:
            call = node if isinstance(node, ast.Call) else None
            if file.qualified_name(call.func if call else node) == "tenacity.retry":
                seen.add(node)
                yield RetryDecorator(node, call, function)
    for call in file.calls("Retrying", "AsyncRetrying"):
        if call not in seen and file.qualified_name(call.func) in _TENACITY:
            yield RetryDecorator(call, call, file.enclosing_function(call))


def orders_in(node: ast.AST, file: SourceFile) -> list[ast.Call]:
    """The calls in a block that place an order or move money."""
    return [
        call for call in file.within(node) if isinstance(call, ast.Call) and _places(call, file)
    ]


def _places(call: ast.Call, file: SourceFile) -> bool:
    name = _last(call.func)
    if name in SIGNED_ONLY and file.imports(*CLIENT_MODULES):
        return False
    return name in ORDER_METHODS


def moves_money(sent: Sent, file: SourceFile) -> bool:
    """Whether a request posts to an address that tells of orders or payments."""
    if sent.verb != "post" or sent.url is None:
        return False
    text = file.text_of(sent.url)
    path = text.with_holes() if text is not None else file.source(sent.url)
    return MONEY_WORDS.search(path.split("?", 1)[0]) is not None


def sleeps_in(node: ast.AST, file: SourceFile) -> list[ast.Call]:
    """The calls in a block that pause."""
    return [
        call
        for call in file.within(node)
        if isinstance(call, ast.Call) and _pauses(_last(call.func))
    ]


def _pauses(name: str) -> bool:
    lowered = name.lower()
    return name in SLEEPS or any(word in lowered for word in ("sleep", "backoff", "delay", "wait"))


def _loops(file: SourceFile) -> Iterator[RetryLoop]:
    sent_at = {id(sent.call): sent for sent in requests_sent(file)}
    orders = file.called_names & ORDER_METHODS
    if not sent_at and not orders:
        return
    for attempt in file.of(ast.Try):
        loop = file.parent(attempt)
        if isinstance(loop, (ast.With, ast.AsyncWith, ast.If)):
            loop = file.parent(loop)
        if not isinstance(loop, _LOOPS) or not _counts(loop):
            continue
        handlers = tuple(handler for handler in attempt.handlers if not _leaves(handler.body))
        if not handlers or not _ends_on_success(attempt, loop):
            continue
        calls = [node for item in attempt.body for node in _own(item, file)]
        requests = tuple(sent_at[id(call)] for call in calls if id(call) in sent_at)
        placed = tuple(call for call in calls if isinstance(call, ast.Call) and _places(call, file))
        if (requests or placed) and not _is_over_items(loop, calls, file):
            yield RetryLoop(loop, attempt, handlers, requests, placed, _counter(loop))


def _own(statement: ast.stmt, file: SourceFile) -> Iterator[ast.AST]:
    if not isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        yield from file.within(statement)


def _counts(loop: ast.AST) -> bool:
    """Whether the rounds are attempts at one thing, and not one for each item of a collection."""
    if isinstance(loop, ast.While):
        return True
    iterable = loop.iter if isinstance(loop, (ast.For, ast.AsyncFor)) else None
    return isinstance(iterable, ast.Call) and _last(iterable.func) in {"range", "count"}


def _is_over_items(loop: ast.AST, calls: list[ast.AST], file: SourceFile) -> bool:
    """Whether the request depends on the number of the round: a page, not an attempt."""
    counter = _counter(loop)
    if not counter or any(word in counter for word in ("attempt", "retry", "tries", "try")):
        return False
    made_of_it = {counter}
    for statement in getattr(loop, "body", ()):
        if isinstance(statement, ast.Assign) and any(
            isinstance(node, ast.Name) and node.id in made_of_it
            for node in file.within(statement.value)
        ):
            made_of_it |= {
                n.id
                for target in statement.targets
                for n in file.within(target)
                if isinstance(n, ast.Name)
            }
    return any(isinstance(node, ast.Name) and node.id in made_of_it for node in calls)


def _counter(loop: ast.AST) -> str:
    target = getattr(loop, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _ends_on_success(attempt: ast.Try, loop: ast.AST) -> bool:
    """Whether a round that succeeds is the last one."""
    after: list[ast.stmt] = []
    body: list[ast.stmt] = getattr(loop, "body", [])
    if attempt in body:
        after = body[body.index(attempt) + 1 :]
    return any(
        isinstance(node, (ast.Return, ast.Break))
        for item in (*attempt.body, *attempt.orelse)
        for node in _here(item)
    ) or (bool(after) and isinstance(after[-1], (ast.Return, ast.Break)))


def _here(statement: ast.stmt) -> Iterator[ast.AST]:
    """The statements of a block that belong to the same loop and function."""
    yield statement
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef, *_LOOPS)):
        return
    for field in ("body", "orelse", "finalbody"):
        for inner in getattr(statement, field, ()):
            yield from _here(inner)
    for handler in getattr(statement, "handlers", ()):
        for inner in handler.body:
            yield from _here(inner)


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether a block always ends the loop."""
    last = body[-1]
    if isinstance(last, _EXITS):
        return True
    return (
        isinstance(last, ast.If)
        and bool(last.orelse)
        and _leaves(last.body)
        and _leaves(last.orelse)
    )


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
