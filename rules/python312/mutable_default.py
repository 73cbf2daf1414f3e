"""PYT109."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.imported import local_name
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import is_dataclass, is_pydantic
from rules.python312.default_fixes import none_instead
from rules.python312.shared_values import Risk, changed_through_self, new_value, risk_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_SHOWN = 30
_DOES = {
    Risk.HANDED_ON: "hands it on",
    Risk.KEPT: "keeps it or gives it away",
    Risk.CHANGED: "changes it",
}


@rule(
    "PYT109",
    on=(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:B006", "ruff:RUF008"),
)
def mutable_default(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, file: SourceFile
) -> Iterator[Problem]:
    """A list, dict or set as a default is made once and shared by every call or instance.

    What one request puts into it, the next one finds. Use `None` and make a new one inside, or
    `field(default_factory=list)`. Where the value is only read or handed on, it is a suggestion:
    nothing is wrong until somebody changes it.

    ```python
    def collect(item: int, seen: list[int] = []) -> list[int]:  # finding: warning
        seen.append(item)
        return seen
    ```

    ```python fixed
    def collect(item: int, seen: list[int] | None = None) -> list[int]:
        if seen is None:
            seen = []
        seen.append(item)
        return seen
    ```

    A dataclass refuses such a default when it is imported:

    ```python
    from dataclasses import dataclass, field


    @dataclass
    class Order:
        fills: list[str] = []  # finding: warning
    ```

    ```python fixed
    from dataclasses import dataclass, field


    @dataclass
    class Order:
        fills: list[str] = field(default_factory=list)
    ```

    A class attribute that methods change is one object for all instances; a default that is only
    read is harmless until somebody changes it:

    ```python
    class Cache:
        entries: dict[str, int] = {}  # finding: warning

        def put(self, key: str, value: int) -> None:
            self.entries[key] = value


    def total(prices: list[float] = []) -> float:  # finding: suggestion
        return sum(prices)
    ```

    Pydantic copies the defaults of its fields, FastAPI those of its parameters; a class attribute
    that nobody changes, or that each instance replaces, is a constant:

    ```python
    from fastapi import FastAPI
    from pydantic import BaseModel

    app = FastAPI()


    class Query(BaseModel):
        tags: list[str] = []


    @app.get("/markets")
    async def markets(tags: list[str] = []) -> list[str]:
        return tags


    class Parser:
        names = ["a", "b"]
        state: dict[str, int] = {}

        def __init__(self) -> None:
            self.state = {}

        def put(self, key: str) -> None:
            self.state[key] = 1
    ```
    """
    if isinstance(node, ast.ClassDef):
        yield from _of_class(node, file)
        return
    shared = [
        (a, d, new) for a, d in file.parameters(node) if d is not None and (new := new_value(d))
    ]
    if not shared or file.route(node) is not None or file.is_dependency(node):
        return
    for argument, default, new in shared:
        if _is_stub(node) or isinstance(file.parent(node), ast.Call):
            return
        risk = risk_of(argument.arg, node, file)
        one_line = default.lineno == node.lineno
        yield Problem(
            node if one_line else argument,
            f"`{argument.arg}` of `{node.name}` has one `{_short(default, file)}` for all calls"
            + (f", and the function {_DOES[risk]}" if risk in _DOES else "")
            + ". Use `None` and make a new one inside.",
            severity=_severity(risk, new),
            fix=none_instead(argument.arg, new) if one_line else None,
        )


def _short(value: ast.expr, file: SourceFile) -> str:
    text = " ".join(file.source(value).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _severity(risk: Risk, new: str) -> Severity:
    """A default with items in it is mostly meant as a constant, and who gets it mostly reads it."""
    is_constant = new not in {"[]", "{}", "set()"}
    harmless = risk < Risk.KEPT or (risk is Risk.KEPT and is_constant)
    return Severity.SUGGESTION if harmless else Severity.WARNING


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    match node.body[-1]:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Raise(exc=exc):
            return "NotImplemented" in ast.dump(exc) if exc is not None else False
        case _:
            return False


def _of_class(node: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    candidates = [
        (item, value, new)
        for item in node.body
        if isinstance(item, (ast.Assign, ast.AnnAssign))
        and (value := item.value) is not None
        and (new := new_value(value))
    ]
    if not candidates or is_pydantic(node, file) or _is_metaclass(node):
        return
    if is_dataclass(node, file):
        for item, value, new in candidates:
            if isinstance(item, ast.AnnAssign) and "ClassVar" not in file.source(item.annotation):
                yield _in_dataclass(item, value, new, file)
        return
    for item, value, _ in candidates:
        targets = item.targets if isinstance(item, ast.Assign) else [item.target]
        name = targets[0].id if isinstance(targets[0], ast.Name) else ""
        if "ClassVar" not in file.source(item) and changed_through_self(name, node, file):
            yield Problem(
                item,
                f"All instances of `{node.name}` share this `{name}` and its methods change it."
                f" Make it in `__init__`: `self.{name} = {file.source(value)[:30]}`.",
            )


def _is_metaclass(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in {"type", "ABCMeta"} for base in node.bases)


def _in_dataclass(item: ast.AnnAssign, value: ast.expr, new: str, file: SourceFile) -> Problem:
    field = local_name(file, "dataclasses", "field")
    factory = {"[]": "list", "{}": "dict", "set()": "set"}.get(new)
    return Problem(
        value,
        f"A dataclass refuses `{file.source(value)[:30]}` as the default of"
        f" `{file.source(item.target)}` when it is imported. Use `field(default_factory=...)`.",
        fix=fixes.expression(f"{field}(default_factory={factory})") if field and factory else None,
    )
