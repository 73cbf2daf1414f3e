"""Whether a check that a path stays inside a folder can tell."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_DEPTH = 6


def is_unresolved(file: SourceFile, path: ast.expr, depth: int = _DEPTH) -> bool:
    """Whether a path was put together and never resolved: `root / name`.

    `root/../secret` begins with `root` letter by letter, so that `startswith` says yes.
    """
    if depth <= 0:
        return False
    match path:
        case (
            ast.BinOp(op=ast.Div())
            | ast.JoinedStr()
            | ast.Call(func=ast.Attribute(attr="joinpath"))
        ):
            return True
        case ast.Call(func=ast.Attribute(value=inner, attr="absolute")):
            return is_unresolved(file, inner, depth - 1)
        case ast.Call(args=[inner, *rest]):
            name = file.qualified_name(path.func)
            if name == "os.path.join" or (name == "pathlib.Path" and rest):
                return True
            return name in {"str", "pathlib.Path"} and is_unresolved(file, inner, depth - 1)
        case ast.Name():
            values = file.values(path)
            return bool(values) and all(is_unresolved(file, v, depth - 1) for v in values)
        case _:
            return False


def is_only_absolute(file: SourceFile, path: ast.expr) -> bool:
    """Whether somebody took `(root / name).absolute()` for a path without `..`."""
    values = file.values(path) if isinstance(path, ast.Name) else [path]
    return bool(values) and all(
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "absolute"
        and is_unresolved(file, value)
        for value in values
    )
