"""API201."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket, source_around
from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.polymarket import JSON_TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_TAKES_ITEMS = {
    "len",
    "list",
    "tuple",
    "set",
    "zip",
    "enumerate",
    "iter",
    "reversed",
    "sorted",
    "map",
    "max",
    "min",
}
_PARSED = re.compile(
    r"isinstance\(|loads\(|literal_eval|_parse\w*\(|parse_\w*\(|json_list|TypeAdapter|safe_\w+\("
)


@rule("API201", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def polymarket_json_string(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A text that holds a JSON list is used as if it were the list.

    The Gamma API sends `outcomes`, `outcomePrices` and `clobTokenIds` as texts: index 0 of
    `'["0.03", "0.97"]'` is `[`, and a loop goes over its characters. Parse it first.

    ```python
    import json

    import httpx


    def yes_price(slug: str) -> float:
        url = f"https://gamma-api.polymarket.com/markets/slug/{slug}"
        market = httpx.get(url).raise_for_status().json()
        return float(market["outcomePrices"][0])  # finding
    ```

    ```python fixed
    import json

    import httpx


    def yes_price(slug: str) -> float:
        url = f"https://gamma-api.polymarket.com/markets/slug/{slug}"
        market = httpx.get(url).raise_for_status().json()
        return float(json.loads(market["outcomePrices"])[0])
    ```

    Through a variable, in a loop, or counted:

    ```python
    BASE = "https://gamma-api.polymarket.com"


    def tokens(market):
        ids = market.get("clobTokenIds", [])
        print(len(market["outcomes"]))  # finding
        first = ids[0]  # finding
        return [first, *(token for token in market["clobTokenIds"])]  # finding
    ```

    Parsed, or looked at first:

    ```python
    import json

    BASE = "https://gamma-api.polymarket.com"


    def tokens(market):
        return json.loads(market["clobTokenIds"])[0]


    def prices(market):
        found = market["outcomePrices"]
        if isinstance(found, str):
            found = json.loads(found)
        return found[0]
    ```
    """
    if not is_about_polymarket(file) or not any(
        word in file.text for word in ("outcomePrices", "clobTokenIds")
    ):
        return
    said: set[tuple[ast.AST | None, str, bool]] = set()
    for node in (*file.of(ast.Subscript), *file.of(ast.Call)):
        field = _field(node)
        if field is None or isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            continue
        for use in (node, *_uses_of_variable(node, file)):
            taken = _taken_apart(use, file)
            place = (file.enclosing_function(node), field, use is node)
            if (
                taken
                and place not in said
                and not _PARSED.search(source_around(node, file))
                and not _is_made_here(node, file)
                and not _has_mappings(use, file)
            ):
                said.add(place)
                yield Problem(
                    use,
                    f'`{field}` comes from the API as a text like `\'["0.03", "0.97"]\'`, so {taken} works on'
                    " its characters. Parse it first: `json.loads(...)`.",
                    fix=_loads(use, file),
                )


def _field(node: ast.AST) -> str | None:
    """The field that `m["outcomes"]` or `m.get("outcomes")` reads."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name in JSON_TEXTS:
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]) if (
            name in JSON_TEXTS
        ):
            return name
        case _:
            return None


def _uses_of_variable(node: ast.AST, file: SourceFile) -> Iterator[ast.Name]:
    parent = file.parent(node)
    if isinstance(parent, ast.BoolOp):
        parent = file.parent(parent)
    if not isinstance(parent, (ast.Assign, ast.AnnAssign)):
        return
    target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
    if not isinstance(target, ast.Name):
        return
    for name in file.of(ast.Name):
        if name.id == target.id and isinstance(name.ctx, ast.Load):
            found = file.names.reaching(name)
            if len(found) == 1 and found[0].node is target:
                yield name


def _taken_apart(use: ast.AST, file: SourceFile) -> str:
    """What is done to the text as if it were a list; empty when nothing is."""
    parent = file.parent(use)
    if isinstance(parent, ast.BoolOp) and parent.values[0] is use:
        use, parent = parent, file.parent(parent)
    match parent:
        case ast.Subscript(value=value, slice=index) if value is use and _is_position(index):
            return f"`[{ast.unparse(index)}]`"
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable) if iterable is use:
            return "the loop"
        case ast.Call(func=ast.Name(id=name)) if name in _TAKES_ITEMS and parent.func is not use:
            return f"`{name}()`"
        case ast.Assign(targets=[ast.Tuple()]) if parent.value is use:
            return "unpacking"
        case _:
            return ""


def _is_position(index: ast.expr) -> bool:
    if isinstance(index, ast.Constant):
        return isinstance(index.value, int)
    return isinstance(index, (ast.UnaryOp, ast.Slice))


def _has_mappings(use: ast.AST, file: SourceFile) -> bool:
    """Whether the items have fields of their own: another service's list of the same name."""
    loop = file.parent(use)
    match loop:
        case ast.For(target=ast.Name(id=item), body=[*inside]):
            pass
        case ast.comprehension(target=ast.Name(id=item)):
            inside = [file.parent(loop)]
        case ast.Subscript() if loop.value is use:
            return _has_field(loop, file)
        case _:
            return False
    return any(
        isinstance(node, ast.Name) and node.id == item and _has_field(node, file)
        for part in inside
        if part is not None
        for node in file.within(part)
    )


def _has_field(item: ast.AST, file: SourceFile) -> bool:
    match file.parent(item):
        case ast.Attribute(attr="get", value=value):
            return value is item
        case ast.Subscript(value=value, slice=ast.Constant(value=str())):
            return value is item
        case _:
            return False


def _is_made_here(node: ast.AST, file: SourceFile) -> bool:
    """Whether this file writes the field itself, so it may well be a list by then."""
    written = any(
        isinstance(item.ctx, ast.Store) and _field(item) is not None
        for item in file.of(ast.Subscript)
    )
    return written or any(
        isinstance(key, ast.Constant)
        and key.value in JSON_TEXTS
        and not isinstance(value, ast.Constant)
        for made in file.of(ast.Dict)
        for key, value in zip(made.keys, made.values, strict=True)
        if key is not None and node is not value
    )


def _loads(use: ast.AST, file: SourceFile) -> Fix | None:
    """`json.loads(...)` around the text, where `json` is imported and nothing may be missing."""
    if not isinstance(use, ast.Subscript) or not file.scopes.lookup("json", file.tree):
        return None
    return fixes.expression(f"json.loads({file.source(use)})")
