"""PYT106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.modern import has_type_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MANY = 4


@rule(
    "PYT106",
    on=ast.If,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def isinstance_chain(node: ast.If, file: SourceFile) -> Iterator[Problem]:
    """A long chain of `isinstance` on one value is what `match` says in one look.

    `case Trade(price=price)` tests the class and takes the parts in one line. Suggested from four
    branches on, once for each file, and only in files that use `match` or syntax of 3.12 already.

    ```python
    def label(event) -> str:
        match event:
            case None:
                return "nothing"
            case _:
                return kind(event)


    def kind(event) -> str:
        if isinstance(event, int):  # finding
            return "id"
        elif isinstance(event, str):
            return "name"
        elif isinstance(event, dict):
            return "payload"
        elif isinstance(event, list):
            return "batch"
        return "unknown"
    ```

    A short chain, and a chain about several things:

    ```python
    def kind(event, size) -> str:
        match event:
            case None:
                return "nothing"
            case _:
                pass
        if isinstance(event, int):
            return "id"
        elif isinstance(event, str):
            return "name"
        elif isinstance(size, int):
            return "size"
        elif size is None:
            return "empty"
        return "unknown"
    ```
    """
    if not isinstance(node.test, ast.Call) or not (file.of(ast.Match) or has_type_parameters(file)):
        return
    subject = _subject(node.test)
    length = _length(node, subject) if subject and _is_first(node, file) else 0
    if length < _MANY:
        return
    if file.memo("PYT106", lambda: [node])[0] is node:
        yield Problem(
            node,
            f"{length} branches ask `isinstance({subject}, ...)`: `match {subject}:` with a `case`"
            " for each class says it in one place.",
        )


def _is_first(node: ast.If, file: SourceFile) -> bool:
    parent = file.parent(node)
    return not (isinstance(parent, ast.If) and node in parent.orelse)


def _subject(test: ast.expr) -> str:
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, _]):
            return ast.unparse(subject)
        case _:
            return ""


def _length(node: ast.If, subject: str) -> int:
    """The number of branches that ask for the class of the same value."""
    length = 0
    current: ast.stmt | None = node
    while isinstance(current, ast.If):
        if _subject(current.test) != subject:
            return 0
        length += 1
        current = current.orelse[0] if len(current.orelse) == 1 else None
    return length
