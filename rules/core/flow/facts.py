"""What becomes of the parameters of a file's functions, told to callers in other files.

A parameter either ends in a dangerous use (`SinkFact`) or is given on to another function
(`PassedFact`); rules/core/flow/across_files.py links the two over the project.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, NamedTuple

from rules.core.containment import is_only_absolute
from rules.core.flow.addresses import chosen_host
from rules.core.flow.sinks import Sink, sinks
from rules.core.flow.tracing import flow_of
from rules.core.scopes import FUNCTIONS
from rules.tables.sinks import SQL_OWNERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.flow.origins import Use
    from rules.core.names import Names
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

FOLLOWED: tuple[Use, ...] = ("sql", "path", "url", "html", "shell", "redirect")
"""The uses that are followed from one file to another."""

_TEXTS = {"str", "bytes", "list", "dict", "tuple", "pathlib.Path", "os.PathLike", "typing.Any"}
_ADDRESS = ("url", "uri", "href", "link", "host", "domain", "endpoint", "webhook", "address")
_CONTAINED = {"is_relative_to", "commonpath", "relative_to"}


class SinkFact(NamedTuple):
    """What is given to `parameter` of `function` ends unchecked in `callee` at `line`."""

    function: str
    parameter: str
    use: str
    callee: str
    line: int


class PassedFact(NamedTuple):
    """`function` gives its `parameter` on to `callee`, as it is.

    `position` counts arguments, -1 for one that is given as `keyword`. `harmless` are the uses
    for which it was checked before.
    """

    function: str
    parameter: str
    callee: str
    position: int
    keyword: str
    line: int
    harmless: tuple[str, ...]


def sinks_of(file: SourceFile) -> Iterator[SinkFact]:
    """The parameters of the file's functions that reach a sink unchecked."""
    for use in FOLLOWED:
        for sink in sinks(file, use):
            for parameter in dict.fromkeys(_parameters(file, sink)):
                function = _function_of(file, parameter)
                if function is not None and _takes_text(file, parameter):
                    name = file.defined.name_of(function)
                    yield SinkFact(name, parameter.arg, use, sink.callee, sink.call.lineno)


def _parameters(file: SourceFile, sink: Sink) -> Iterator[ast.arg]:
    """The parameters that are the dangerous part of a sink's value, of callers in the file too."""
    if file.enclosing_function(sink.call) is None:
        return
    value: ast.expr | None = sink.value
    if sink.use in {"url", "redirect"}:
        value = chosen_host(file, sink.value, sink.use)
    if value is None or _is_another_use(file, sink):
        return
    flow = flow_of(file)
    for found in (flow.inside.origin(value, sink.use), flow.origin(value, sink.use)):
        if found is not None and (sink.use != "url" or found.name.lower().endswith(_ADDRESS)):
            yield from found.parameters


def _is_another_use(file: SourceFile, sink: Sink) -> bool:
    return (
        (sink.use == "sql" and not _runs_sql(file, sink))
        or (sink.use == "path" and is_contained(file, sink))
        or (sink.use == "shell" and isinstance(sink.value, (ast.List, ast.Tuple)))
    )


def _runs_sql(file: SourceFile, sink: Sink) -> bool:
    """Whether the call is certainly one to a database, and not the `execute` of a tool."""
    name = file.qualified_name(sink.call.func) or ""
    if name.startswith(SQL_OWNERS):
        return True
    if isinstance(sink.call.func, ast.Attribute):
        owner = sink.call.func.value
        last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        is_named = last.lstrip("_") in {"cursor", "cur", "conn", "connection", "db"}
        return is_named and sink.callee.startswith(("execute", "fetch"))
    return False


def is_contained(file: SourceFile, sink: Sink) -> bool:
    """Whether the function of a path checks that it stays inside a folder, in any form."""
    function = file.enclosing_function(sink.call)
    return function is not None and any(
        isinstance(node, ast.Attribute)
        and node.attr in _CONTAINED
        and not is_only_absolute(file, node.value)
        for node in file.body(function)
    )


def _takes_text(file: SourceFile, parameter: ast.arg) -> bool:
    if parameter.annotation is None:
        return True
    return file.annotation(parameter.annotation) in _TEXTS


def _function_of(file: SourceFile, parameter: ast.arg) -> FunctionNode | None:
    around = file.parent(parameter)
    function = file.parent(around) if around is not None else None
    return function if isinstance(function, FUNCTIONS) else None


def passed_of(file: SourceFile, names: Names) -> Iterator[PassedFact]:
    """The parameters of functions that calls of other functions are given as they are."""
    for function in file.functions:
        taken = {
            item.arg: item
            for item in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
            if item.arg not in {"self", "cls"}
        }
        if taken:
            for call in file.calls_in(function):
                if given := _given(call, taken):
                    callee = names.of(call.func)
                    if callee is not None and _may_be_ours(callee, file):
                        yield from _passed(file, function, call, callee, given)


type _Given = tuple[ast.Name, ast.arg, int, str]


def _given(call: ast.Call, taken: dict[str, ast.arg]) -> list[_Given]:
    """The arguments of a call that are parameters: value, parameter, position, keyword."""
    found: list[_Given] = []
    for position, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            break
        if isinstance(value, ast.Name) and value.id in taken:
            found.append((value, taken[value.id], position, ""))
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg and isinstance(value, ast.Name) and value.id in taken:
            found.append((value, taken[value.id], -1, keyword.arg))
    return found


def _may_be_ours(name: str, file: SourceFile) -> bool:
    root, dot, _ = name.partition(".")
    return bool(dot) and (root not in sys.stdlib_module_names or file.module.startswith(f"{root}."))


def _passed(
    file: SourceFile, function: FunctionNode, call: ast.Call, callee: str, given: list[_Given]
) -> Iterator[PassedFact]:
    for value, parameter, position, keyword in given:
        harmless = _harmless_uses(file, value, parameter) if _takes_text(file, parameter) else None
        if harmless is not None:
            name = file.defined.name_of(function)
            yield PassedFact(name, value.id, callee, position, keyword, call.lineno, harmless)


def _harmless_uses(file: SourceFile, value: ast.Name, parameter: ast.arg) -> tuple[str, ...] | None:
    """The uses for which the parameter is harmless where it is given on; None for all."""
    flow = flow_of(file)
    bindings = flow.reaching.of(value)
    if [binding.node for binding in bindings] != [parameter]:
        return None
    harmless = flow.checked_uses(value, FOLLOWED)
    return None if len(harmless) == len(FOLLOWED) or _is_number(file, value) else harmless


def _is_number(file: SourceFile, value: ast.Name) -> bool:
    return flow_of(file).is_harmless(value, "log")
