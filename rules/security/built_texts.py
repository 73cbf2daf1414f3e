"""Texts as code builds them: through variables, branches, lists, helpers and their callers."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.flow.sources import Parameters
from rules.core.flow.tracing import flow_of, returned_values
from rules.core.scopes import FUNCTIONS
from rules.core.text import TextReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import Binding
    from rules.core.source import SourceFile

_DEPTH = 7


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """A hole in a text. `fragment` is the text expression in which it is written."""

    node: ast.expr
    fragment: ast.expr


type Parts = list[str | Open]


def parts_of(file: SourceFile, value: ast.expr) -> Parts:
    """The constant parts and the holes of the text that an expression builds.

    Branches that exclude each other stand one after the other. An expression that is no text is
    a single hole.
    """
    return file.memo("built", lambda: _Reader(file)).parts(value, _DEPTH)


class _Reader:
    """Expands an expression into the parts of the text that it builds, through variables."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._text = TextReader(lambda _: None)
        self._busy: set[ast.AST] = set()

    def parts(self, node: ast.expr, depth: int) -> Parts:
        """Constant parts and holes; a single hole when the expression is no text."""
        return self._expanded(node, node, depth)

    def _expanded(self, node: ast.expr, fragment: ast.expr, depth: int) -> Parts:
        if depth <= 0 or node in self._busy:
            return [Open(node, fragment)]
        self._busy.add(node)
        try:
            found = self._several(node, fragment, depth) or [Open(node, fragment)]
            return list(_with_bare_ones(found, node, fragment))
        finally:
            self._busy.discard(node)

    def _several(self, node: ast.expr, fragment: ast.expr, depth: int) -> Parts | None:
        text = self._text.read(node)
        if text is not None and text.parts != (node,):
            return [
                piece
                for part in text.parts
                for piece in (
                    [part] if isinstance(part, str) else self._expanded(part, node, depth - 1)
                )
            ]
        return self._other(node, fragment, depth - 1)

    def _other(self, node: ast.expr, fragment: ast.expr, depth: int) -> Parts | None:
        match node:
            case ast.Constant(value=value):
                return [str(value)]
            case ast.Name():
                return self._name(node, depth)
            case ast.IfExp(body=body, orelse=orelse):
                return self._alternatives([body, orelse], depth)
            case ast.BoolOp(values=values):
                return self._alternatives(values, depth)
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item):
                return self._expanded(item, fragment, depth)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self._joined(items, fragment, depth)
            case ast.BinOp():
                return self._operation(node, fragment, depth)
            case ast.Subscript(value=ast.List() | ast.Tuple() | ast.BinOp() as inner):
                return self._expanded(inner, fragment, depth)
            case ast.Subscript(value=ast.Name() as name, slice=ast.Slice()):
                return self._name(name, depth)
            case ast.Attribute():
                return self._alternatives(self._file.values(node), depth)
            case ast.Call():
                return self._call(node, fragment, depth)
            case _:
                return None

    def _operation(self, node: ast.BinOp, fragment: ast.expr, depth: int) -> Parts | None:
        if isinstance(node.op, ast.Mult):
            return self._repeated(node.left, node.right)
        if isinstance(node.op, ast.Add):
            left = self._expanded(node.left, fragment, depth)
            return [*left, *self._expanded(node.right, fragment, depth)]
        return None

    def _joined(self, items: list[ast.expr], fragment: ast.expr, depth: int) -> Parts:
        found: Parts = []
        for item in items:
            if isinstance(item, ast.Starred):
                item = item.value  # noqa: PLW2901 the starred list is the item
            found.extend([*self._expanded(item, fragment, depth), ", "])
        return found or [""]

    def _repeated(self, left: ast.expr, right: ast.expr) -> Parts | None:
        for side in (left, right):
            text = self._text.constant(side)
            if text is None and isinstance(side, (ast.List, ast.Tuple)) and len(side.elts) == 1:
                text = self._text.constant(side.elts[0])
            if text is not None:
                return [text]
        return None

    def _alternatives(self, values: list[ast.expr], depth: int) -> Parts | None:
        """The parts of every text that may stand here, one after the other."""
        if not any(self._is_text(value, depth) for value in values):
            return None
        found: Parts = []
        for value in values:
            if isinstance(value, ast.Constant) and value.value is None:
                continue
            found.extend(self._expanded(value, value, depth))
        return found

    def _is_text(self, node: ast.expr, depth: int) -> bool:
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return False
        parts = self._expanded(node, node, depth)
        return not (len(parts) == 1 and isinstance(parts[0], Open) and parts[0].node is node)

    def _name(self, name: ast.Name, depth: int) -> Parts | None:
        bindings = sorted(flow_of(self._file).reaching.of(name), key=lambda b: (b.line, b.column))
        values: list[ast.expr] = []
        for binding in bindings:
            found = list(self._values(binding))
            if not found:
                return None
            values.extend(found)
        values.extend(self._appended(name))
        return self._alternatives(values, depth) if values else None

    def _values(self, binding: Binding) -> Iterator[ast.expr]:
        parent = self._file.parent(binding.node)
        if isinstance(parent, ast.AugAssign):
            yield parent.value
        elif binding.kind == "assign" and binding.value is not None:
            yield binding.value
        elif binding.kind == "for" and isinstance(binding.value, (ast.List, ast.Tuple, ast.Set)):
            yield from binding.value.elts
        elif binding.kind == "argument" and isinstance(binding.scope, FUNCTIONS):
            parameters = _parameters(self._file)
            for call in parameters.calls_of(binding.scope):
                if (given := parameters.argument(call, binding.scope, binding.name)) is not None:
                    yield given

    def _appended(self, name: ast.Name) -> Iterator[ast.expr]:
        """What a list variable is given by `append`, `extend` and `insert` in its function."""
        present = self._file.called_names & {"append", "extend", "insert"}
        if not present:
            return
        function = self._file.enclosing_function(name)
        for call in self._file.calls(*sorted(present)):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=owner)), args=[*_, item]):
                    if owner == name.id and self._file.enclosing_function(call) is function:
                        yield item
                case _:
                    pass

    def _call(self, call: ast.Call, fragment: ast.expr, depth: int) -> Parts | None:
        name = self._file.qualified_name(call.func) or ""
        if name.rsplit(".", 1)[-1] in {
            "text",
            "dedent",
            "cleandoc",
            "SQL",
            "tuple",
            "list",
            "sorted",
            "set",
        }:
            return self._expanded(call.args[0], fragment, depth) if call.args else None
        function = self._file.defined.functions.get(name)
        if function is not None:
            return self._alternatives(returned_values(self._file, function), depth)
        return None


def _with_bare_ones(parts: Parts, node: ast.expr, fragment: ast.expr) -> Iterator[str | Open]:
    """The parts; a value with no text around it is said to stand where it is used."""
    for part in parts:
        if isinstance(part, Open) and part.node is part.fragment:
            yield Open(node, fragment)
        else:
            yield part


def _parameters(file: SourceFile) -> Parameters:
    return file.memo("parameters", lambda: Parameters(file))
