"""Functions that give whoever calls them a connection of their own, to be closed by the caller."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from rules.tables.sql_drivers import CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_PLAIN = {"staticmethod", "classmethod"}
_KEEPS = {"append", "add", "put", "setdefault", "push", "put_nowait", "register", "setattr"}


def given_connections(file: SourceFile) -> Iterator[tuple[str, str]]:
    """Dotted name of each such function, with the name in `CONNECT` by which it connects.

    A function that also keeps the connection (an attribute, a thread's own variable, a pool)
    is none of them: then it is not the caller's to close.
    """
    if not any(word in file.text for word in ("connect", "ession")):
        return
    for function, values in _returned(file).items():
        opened = {_opened(value, function, file) for value in values}
        name = opened.pop() if len(opened) == 1 else ""
        if name and _is_plain(function, file):
            yield file.defined.name_of(function), name


def _returned(file: SourceFile) -> dict[FunctionNode, list[ast.expr]]:
    found: dict[FunctionNode, list[ast.expr]] = defaultdict(list)
    for statement in file.of(ast.Return):
        function = file.enclosing_function(statement)
        value = statement.value
        is_none = isinstance(value, ast.Constant) and value.value is None
        if function is not None and value is not None and not is_none:
            found[function].append(value)
    return found


def _is_plain(function: FunctionNode, file: SourceFile) -> bool:
    if any(getattr(item, "id", "") not in _PLAIN for item in function.decorator_list):
        return False
    return not any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in file.body(function))


def _opened(value: ast.expr, function: FunctionNode, file: SourceFile) -> str:
    """The connecting function behind a returned value, empty for any other value."""
    if isinstance(value, ast.Name):
        bindings = file.names.reaching(value)
        if len(bindings) != 1 or bindings[0].scope is not function:
            return ""
        if bindings[0].kind != "assign" or not (name := _connecting(bindings[0].value, file)):
            return ""
        return "" if _is_kept(value.id, function, file) else name
    return _connecting(value, file)


def _connecting(value: ast.expr | None, file: SourceFile) -> str:
    inner = value.value if isinstance(value, ast.Await) else value
    if not isinstance(inner, ast.Call):
        return ""
    name = file.qualified_name(inner.func) or ""
    return name if name in CONNECT else ""


def _is_kept(name: str, function: FunctionNode, file: SourceFile) -> bool:
    """Whether something else than the caller has the connection as well."""
    for node in file.within(function):
        match node:
            case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                return True
            case ast.Assign(targets=targets, value=ast.Name(id=given)) if given == name:
                if any(not isinstance(target, ast.Name) for target in targets):
                    return True
            case ast.Assign(targets=[_, _, *_], value=ast.Call()):
                return True
            case ast.Call(func=ast.Attribute(attr=last) | ast.Name(id=last)) if last in _KEEPS:
                if any(isinstance(given, ast.Name) and given.id == name for given in node.args):
                    return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if node is not function:
                if name in file.names_in(node):
                    return True
            case _:
                pass
    return False
