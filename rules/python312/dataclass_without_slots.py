"""PYT108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import dataclass_decorator, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile


@rule(
    "PYT108",
    on=ast.ClassDef,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def dataclass_without_slots(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    """A dataclass made for every row carries a dictionary in each object without `slots=True`.

    With slots an object takes about half the memory, and a mistyped attribute is an error.
    Suggested for classes without parents that this file makes in a loop, and only where other
    dataclasses of the file have slots.

    ```python
    from dataclasses import dataclass


    @dataclass(slots=True)
    class Market:
        slug: str


    @dataclass(frozen=True)  # the decorator gets the argument
    class Level:  # finding
        price: float
        size: float


    def levels(rows: list[tuple[float, float]]) -> list[Level]:
        return [Level(price, size) for price, size in rows]
    ```

    ```python fixed
    from dataclasses import dataclass


    @dataclass(slots=True)
    class Market:
        slug: str


    @dataclass(frozen=True, slots=True)  # the decorator gets the argument
    class Level:
        price: float
        size: float


    def levels(rows: list[tuple[float, float]]) -> list[Level]:
        return [Level(price, size) for price, size in rows]
    ```

    Made once, or with attributes that slots would forbid:

    ```python
    from dataclasses import dataclass
    from functools import cached_property


    @dataclass(slots=True)
    class Market:
        slug: str


    @dataclass
    class Settings:
        url: str


    @dataclass
    class Row:
        price: float

        @cached_property
        def cents(self) -> float:
            return self.price * 100


    def rows(prices: list[float]) -> list[Row]:
        return [Row(price) for price in prices]
    ```
    """
    if not node.decorator_list or node.bases or node.keywords:
        return
    decorator = dataclass_decorator(node, file)
    if decorator is None or _has_slots(decorator) or not _neighbour_has_slots(file):
        return
    if not _made_in_bulk(node, file) or not _may_have_slots(node, file):
        return
    yield Problem(
        node,
        f"`{node.name}` is made in a loop: with `slots=True`, as other dataclasses here have, each"
        " object is about half as large.",
        fix=_with_slots(decorator, file),
    )


def _has_slots(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and any(k.arg == "slots" for k in decorator.keywords)


def _neighbour_has_slots(file: SourceFile) -> bool:
    return file.memo("PYT108", lambda: any(_has_slots(call) for call in file.calls("dataclass")))


def _made_in_bulk(class_: ast.ClassDef, file: SourceFile) -> bool:
    return any(file.enclosing_loop(call) is not None for call in file.calls(class_.name))


def _may_have_slots(class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether nothing here needs the dictionary: no cached property, no child, no new attribute."""
    if any(
        isinstance(base, ast.Name) and base.id == class_.name
        for other in file.of(ast.ClassDef)
        for base in other.bases
    ):
        return False
    text = file.source(class_)
    if "cached_property" in text or "__dict__" in text or "setattr(" in text:
        return False
    known = {f.target.id for f in fields(class_) if isinstance(f.target, ast.Name)}
    return all(
        node.attr in known
        for node in file.of(ast.Attribute)
        if isinstance(node.ctx, ast.Store) and file.enclosing_class(node) is class_
    )


def _with_slots(decorator: ast.expr, file: SourceFile) -> Fix | None:

    text = file.source(decorator)
    new = f"{text[:-1].rstrip(', ')}, slots=True)" if text.endswith(")") else f"{text}(slots=True)"
    new = new.replace("(, ", "(")

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.ClassDef):
            return None
        wanted = cst.parse_expression(text)
        decorators = [
            one.with_changes(decorator=cst.parse_expression(new))
            if one.decorator.deep_equals(wanted)
            else one
            for one in node.decorators
        ]
        return node.with_changes(decorators=decorators)

    return fix if "\n" not in text else None
