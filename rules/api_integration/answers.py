"""What a function does with the answer to a request."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api_integration.requests_sent import Sent
    from rules.core.source import SourceFile

BODY = frozenset({"json", "text", "content", "read", "iter_lines", "iter_content"})
STATUS = frozenset({
    "raise_for_status", "status_code", "status", "ok", "is_success", "is_error", "reason",
    "is_client_error", "is_server_error", "getcode", "code", "error", "url", "headers", "history",
})  # fmt: skip
RAISING = "raise_for_status"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The variable that holds an answer, with its uses in the order of the text.

    `escapes` tells whether something else than its attributes is used: it is returned, passed on
    or kept, so others may look at its status.
    """

    name: str
    uses: tuple[ast.Attribute, ...]
    escapes: bool

    def bodies(self) -> list[ast.Attribute]:
        """The uses that read the body."""
        return [use for use in self.uses if use.attr in BODY]

    def checks(self) -> list[ast.Attribute]:
        """The uses that look at the status, or at what else tells success from failure."""
        return [use for use in self.uses if use.attr in STATUS]


def answer_of(sent: Sent, file: SourceFile) -> Answer | None:
    """The answer that a request is assigned to; None when it goes elsewhere."""
    target = _target(sent.call, file)
    if not isinstance(target, ast.Name):
        return None
    function = file.enclosing_function(sent.call)
    uses: list[ast.Attribute] = []
    escapes = False
    for name in _loads(target, function or file.tree, file):
        parent = file.parent(name)
        if isinstance(parent, ast.Attribute):
            uses.append(parent)
        else:
            escapes = True
    uses.sort(key=lambda use: (use.lineno, use.col_offset))
    return Answer(target.id, tuple(uses), escapes)


def chained_body(sent: Sent, file: SourceFile) -> ast.Attribute | None:
    """`.json` in `requests.get(url).json()` or `(await client.get(url)).json()`."""
    node: ast.AST = sent.call
    parent = file.parent(node)
    if isinstance(parent, ast.Await):
        parent = file.parent(parent)
    return parent if isinstance(parent, ast.Attribute) and parent.attr in BODY else None


def _target(call: ast.Call, file: SourceFile) -> ast.expr | None:
    node: ast.AST = call
    parent = file.parent(node)
    if isinstance(parent, ast.Await):
        node, parent = parent, file.parent(parent)
    match parent:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return target
        case ast.NamedExpr(target=target):
            return target
        case ast.withitem(optional_vars=target):
            return target
        case _:
            return None


def _loads(target: ast.Name, scope: ast.AST, file: SourceFile) -> Iterator[ast.Name]:
    """The uses of a name that mean this assignment, up to the next one."""
    for name in file.of(ast.Name):
        if name.id != target.id or not isinstance(name.ctx, ast.Load):
            continue
        if name.lineno < target.lineno or (file.enclosing_function(name) or file.tree) is not scope:
            continue
        before = [found for found in file.names.reaching(name) if found.line <= name.lineno]
        if before and before[-1].node is target:
            yield name
