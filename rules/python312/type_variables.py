"""The type variables that a file makes and where they are used."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_MAKERS = {
    "typing.TypeVar": "",
    "typing_extensions.TypeVar": "",
    "typing.ParamSpec": "**",
    "typing_extensions.ParamSpec": "**",
    "typing.TypeVarTuple": "*",
    "typing_extensions.TypeVarTuple": "*",
}


@dataclass(frozen=True, slots=True)
class TypeVariable:
    """One variable as a type parameter would say it: stars, name and bound."""

    name: str
    stars: str
    bound: str | None
    is_plain: bool

    @property
    def parameter(self) -> str:
        """`T`, `T: Market` or `**P`."""
        return f"{self.stars}{self.name}" + (f": {self.bound}" if self.bound else "")


def type_variables(file: SourceFile) -> dict[str, TypeVariable]:
    """The type variables of the module by name."""
    return file.memo("type variables", lambda: _found(file))


def _found(file: SourceFile) -> dict[str, TypeVariable]:
    found: dict[str, TypeVariable] = {}
    for call in file.calls("TypeVar", "ParamSpec", "TypeVarTuple"):
        statement = file.parent(call)
        stars = _MAKERS.get(file.qualified_name(call.func) or "")
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if stars is not None:
                found[name] = _variable(name, stars, call, file)
            case _:
                continue
    return found


def _variable(name: str, stars: str, call: ast.Call, file: SourceFile) -> TypeVariable:
    bounds = [keyword.value for keyword in call.keywords if keyword.arg == "bound"]
    bound = file.source(bounds[0]) if bounds else None
    is_plain = len(call.args) == 1 and all(keyword.arg == "bound" for keyword in call.keywords)
    return TypeVariable(name, stars, bound, is_plain)
