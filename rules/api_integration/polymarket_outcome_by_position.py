"""API207."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket, source_around
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_YES = re.compile(r"(^|_)yes(_|$)", re.IGNORECASE)
_NO = re.compile(r"(^|_)no(_|$)", re.IGNORECASE)
_EITHER = re.compile(r"^_?((token|asset|clob_token)_?id|token)$", re.IGNORECASE)
_IDS = re.compile(r"clob_?token_?ids", re.IGNORECASE)
_LISTS = re.compile(r"outcome|token|clob|price", re.IGNORECASE)
_LABELS = re.compile(
    r"""["']yes["']\s*(:|==|in\b|\))|(==|in)\s*["']yes["']|\.lower\(\)|\.upper\(\)|zip\(|\.index\(|outcome_?labels?|casefold""",
    re.IGNORECASE,
)


@rule("API207", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def polymarket_outcome_by_position(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The first outcome of a market is taken for YES.

    `outcomes` may be "Up" and "Down", two teams, or "No" first; prices and token ids follow its
    order. Pair each with its label, else money goes on the other side.

    ```python
    import json

    HOST = "https://gamma-api.polymarket.com"


    def yes_token(market) -> str:
        token_ids = json.loads(market["clobTokenIds"])
        yes_token_id = token_ids[0]  # finding
        return yes_token_id


    def yes_price(market) -> float:
        yes_price, no_price = json.loads(market["outcomePrices"])  # finding
        return float(yes_price)
    ```

    Found by its label:

    ```python
    import json

    HOST = "https://gamma-api.polymarket.com"


    def yes_token(market) -> str:
        labels = json.loads(market["outcomes"])
        by_label = dict(zip(labels, json.loads(market["clobTokenIds"]), strict=True))
        yes_token_id = by_label["Yes"]
        return yes_token_id
    ```
    """
    if not is_about_polymarket(file) or "yes" not in file.lowered:
        return
    said: set[ast.AST | None] = set()
    for statement in file.of(ast.Assign):
        function = file.enclosing_function(statement)
        if function in said or not _takes_position(statement, file):
            continue
        if not _LABELS.search(_without(statement, file)):
            said.add(function)
            yield Problem(
                statement,
                f"`{_target(statement)}` is taken by its position, but the order of outcomes differs"
                " between markets (and they may be teams). Pair each with its label from `outcomes`.",
            )


def _target(statement: ast.Assign) -> str:
    target = statement.targets[0]
    first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
    return ast.unparse(first)


def _takes_position(statement: ast.Assign, file: SourceFile) -> bool:
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Tuple) and len(target.elts) == 2:
        first = _name(target.elts[0])
        parsed = not isinstance(value, ast.Call) or getattr(value.func, "attr", "") == "loads"
        return bool(_YES.search(first)) and parsed and _is_list(value, file)
    found = value
    if isinstance(found, ast.IfExp):
        found = found.body
    while (
        isinstance(found, ast.Call)
        and found.args
        and getattr(found.func, "id", "") in {"float", "str", "Decimal"}
    ):
        found = found.args[0]
    match found:
        case ast.Subscript(value=items, slice=ast.Constant(value=0 | 1 as place)) if (
            type(place) is int
        ):
            name = _name(target)
            if (_YES, _NO)[place].search(name):
                return _is_list(items, file)
            return place == 0 and bool(_EITHER.search(name)) and _is_list(items, file, _IDS)
        case _:
            return False


def _is_list(node: ast.expr, file: SourceFile, words: re.Pattern[str] = _LISTS) -> bool:
    """Whether an expression is one of the lists of a market."""
    source = file.source(node)
    if isinstance(node, ast.Name):
        if any(_comes_with_labels(value, file) for value in file.values(node)):
            return False
        source += " ".join(file.source(value) for value in file.values(node))
    return len(source) < 300 and words.search(source) is not None


def _comes_with_labels(value: ast.expr, file: SourceFile) -> bool:
    """Whether a function of this file gives the list, and asks for the labels itself."""
    called = file.qualified_name(value.func) if isinstance(value, ast.Call) else None
    function = file.defined.functions.get(called or "")
    return function is not None and _LABELS.search(file.source(function)) is not None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _without(statement: ast.Assign, file: SourceFile) -> str:
    return source_around(statement, file).replace(file.source(statement), "")
