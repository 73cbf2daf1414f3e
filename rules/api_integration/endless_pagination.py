"""API110."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import requests_sent
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.api_integration.requests_sent import Sent
    from rules.core.source import SourceFile

_CURSOR = re.compile(
    r"cursor|next_?(page|token|url|link)?$|page_?token|after|offset|^page$|^start$", re.IGNORECASE
)


@rule(
    "API110", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST, FileKind.SCRIPT)
)
def endless_pagination(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A paging loop ends only when the other side says so.

    A service that ignores a parameter or repeats its last cursor gives the same page for ever:
    the loop never ends and memory fills. Bound the number of pages, and stop when the cursor
    does not change.

    ```python
    import httpx


    async def markets(client: httpx.AsyncClient) -> list[object]:
        found, cursor = [], None
        while True:
            response = await client.get("/markets", params={"cursor": cursor})  # finding
            page = response.raise_for_status().json()
            found += page["markets"]
            cursor = page.get("next_cursor")
            if not cursor:
                break
        return found
    ```

    A position that is sent with each request but never moves is worse:

    ```python
    import httpx


    def markets(client: httpx.Client) -> list[object]:
        found, offset = [], 0
        while True:
            page = client.get("/markets", params={"offset": offset}).json()  # finding
            if not page:
                return found
            found += page
    ```

    A bound on the pages, or a position that the loop itself moves until a page is short:

    ```python
    import httpx

    MAX_PAGES = 50


    async def markets(client: httpx.AsyncClient) -> list[object]:
        found, cursor = [], None
        for _ in range(MAX_PAGES):
            response = await client.get("/markets/keyset", params={"after_cursor": cursor})
            page = response.raise_for_status().json()
            found += page["markets"]
            cursor = page.get("next_cursor")
            if not cursor:
                break
        return found


    def listed(client: httpx.Client) -> list[object]:
        found, offset = [], 0
        while True:
            page = client.get("/markets", params={"offset": offset}).json()
            found += page
            offset += 100
            if len(page) < 100:
                return found
    ```
    """
    said: set[ast.AST] = set()
    for sent in requests_sent(file):
        loop = file.enclosing_loop(sent.call)
        if not isinstance(loop, ast.While) or loop in said or _polls(loop, file):
            continue
        cursor = _cursor(sent, file)
        if cursor is None:
            continue
        said.add(loop)
        yield from _judged(cursor, sent, loop, file)


def _judged(cursor: str, sent: Sent, loop: ast.While, file: SourceFile) -> Iterator[Problem]:
    moves = _moves(cursor, loop, file)
    if not moves:
        if _is_for_ever(loop) and not _changes_elsewhere(cursor, loop, file):
            yield Problem(
                sent.call,
                f"`{cursor}` is sent with each request but never changes in this loop, so each round"
                " gets the same page. Move it on, and bound the number of pages.",
            )
        return
    if all(isinstance(move, ast.Assign) for move in moves) and not _is_bounded(cursor, loop, file):
        yield Problem(
            sent.call,
            f"This loop asks for pages until the other side sends no `{cursor}`: one that repeats"
            " it is followed for ever. Bound the pages and stop when it does not change.",
            confidence=Confidence.MEDIUM,
        )


def _polls(loop: ast.While, file: SourceFile) -> bool:
    """Whether the loop waits for news as long as the program runs: nothing in it ends it."""
    return _is_for_ever(loop) and not any(
        isinstance(node, (ast.Break, ast.Return, ast.Raise)) for node in file.body(loop)
    )


def _cursor(sent: Sent, file: SourceFile) -> str | None:
    """The variable in the request that tells the position."""
    names: list[str] = []
    for node in (*sent.call.args, *(given.value for given in sent.call.keywords)):
        for name in file.within(node):
            if not isinstance(name, ast.Name):
                continue
            names.append(name.id)
            value = file.value(name)
            if isinstance(value, ast.Dict):
                names += [n.id for n in file.within(value) if isinstance(n, ast.Name)]
    return next((name for name in names if _CURSOR.search(name)), None)


def _moves(cursor: str, loop: ast.While, file: SourceFile) -> list[ast.stmt]:
    """The statements of the loop that give the position a new value."""
    return [
        file.statement(name)
        for name in file.of(ast.Name)
        if name.id == cursor and isinstance(name.ctx, ast.Store) and loop in file.ancestors(name)
    ]


def _changes_elsewhere(cursor: str, loop: ast.While, file: SourceFile) -> bool:
    """Whether the position is an object, or a part of one, that calls may change."""
    return any(
        isinstance(node, (ast.Attribute, ast.Subscript))
        and isinstance(node.value, ast.Name)
        and node.value.id == cursor
        for node in file.within(loop)
    ) or any(isinstance(node, (ast.Global, ast.Nonlocal, ast.Yield)) for node in file.within(loop))


def _is_for_ever(loop: ast.While) -> bool:
    return isinstance(loop.test, ast.Constant) and bool(loop.test.value)


def _is_bounded(cursor: str, loop: ast.While, file: SourceFile) -> bool:
    """Whether anything but the presence of the cursor can end the loop or shows progress."""
    counted = any(isinstance(node, ast.AugAssign) for node in file.body(loop)) and any(
        isinstance(node, ast.Compare)
        and any(isinstance(op, (ast.Gt, ast.GtE, ast.Lt, ast.LtE)) for op in node.ops)
        for node in (*file.within(loop.test), *file.body(loop))
    )
    compared = any(
        isinstance(node, ast.Compare)
        and any(
            isinstance(op, (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Gt, ast.GtE, ast.Lt, ast.LtE))
            for op in node.ops
        )
        and (len(node.ops) == 1)
        and (
            "len(" in file.source(node)
            or (cursor in _names(node.left) and any(_names(item) for item in node.comparators))
        )
        for node in file.body(loop)
    )
    return counted or compared


def _names(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
