"""PYT117."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Rewritten
    from rules.core.source import SourceFile

_CONSUMERS = {
    "any": "stops at the first hit",
    "all": "stops at the first miss",
    "sum": "adds up one by one",
    "min": "looks at one after the other",
    "max": "looks at one after the other",
}


@rule(
    "PYT117",
    on=(ast.Call, ast.For),
    calls=_CONSUMERS,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:C419", "pylint:R1728", "pylint:R1729"),
)
def list_where_generator_suffices(node: ast.Call | ast.For, file: SourceFile) -> Iterator[Problem]:
    """A list that is built only to be walked through once holds everything in memory for nothing.

    `any` and `all` even stop early, but the list is computed to its end before they begin. Leave
    out the brackets. Suggested once for each function.

    ```python
    def is_open(markets) -> bool:
        return any([load(market).open for market in markets])  # finding
    ```

    ```python fixed
    def is_open(markets) -> bool:
        return any(load(market).open for market in markets)
    ```

    A file that is read whole to look at its lines:

    ```python
    def count(path: str) -> int:
        number = 0
        with open(path) as file:
            for line in file.readlines():  # finding
                number += len(line)
        return number
    ```

    ```python fixed
    def count(path: str) -> int:
        number = 0
        with open(path) as file:
            for line in file:
                number += len(line)
        return number
    ```

    A generator, a list that is awaited for, and a list of its own:

    ```python
    async def check(markets, load) -> bool:
        total = sum(market.size for market in markets)
        rows = [market.size for market in markets]
        return any([await load(market) for market in markets]) and total == sum(rows)
    ```
    """
    if isinstance(node, ast.For):
        yield from _whole_file(node, file)
        return
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.ListComp() as built], keywords=[]):
            pass
        case _:
            return
    if name not in _CONSUMERS or file.qualified_name(node.func) != name:
        return
    if any(isinstance(part, (ast.Await, ast.NamedExpr)) for part in file.within(built)):
        return
    if any(generator.is_async for generator in built.generators) or not _is_first(node, file):
        return
    yield Problem(
        built,
        f"`{name}` {_CONSUMERS[name]}: without the brackets no list is built first.",
        fix=_as_generator,
    )


def _is_first(node: ast.AST, file: SourceFile) -> bool:
    """Whether this is the first such place of its function."""
    seen = file.memo("PYT117", dict[int, ast.AST])
    return seen.setdefault(id(file.enclosing_function(node)), node) is node


def _whole_file(node: ast.For, file: SourceFile) -> Iterator[Problem]:
    call = node.iter
    match call:
        case ast.Call(func=ast.Attribute(value=owner, attr="readlines"), args=[], keywords=[]):
            pass
        case _:
            return
    if file.qualified_name(owner) == "io.TextIOWrapper" and isinstance(owner, ast.Name):
        yield Problem(
            call,
            f"`readlines()` reads the whole file first: `for ... in {owner.id}` reads line by line.",
            fix=_owner,
        )


def _as_generator(node: cst.CSTNode) -> Rewritten | None:
    import libcst as cst

    if not isinstance(node, cst.ListComp) or node.lpar:
        return None
    return cst.GeneratorExp(node.elt, node.for_in, lpar=[], rpar=[])


def _owner(node: cst.CSTNode) -> Rewritten | None:
    import libcst as cst

    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    return node.func.value
