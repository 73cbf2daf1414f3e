"""SQL texts as code builds them: constant parts and holes, and where in the SQL a hole stands."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.core.flow import flow_of, returned_values
from rules.core.flow_sources import Parameters
from rules.core.scopes import FUNCTIONS
from rules.core.text import TextReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import Binding
    from rules.core.source import SourceFile

type Place = Literal["quoted", "value", "identifier", "clause", "placeholder"]
"""What a hole stands for: a value in quotes or bare, a name, a piece of SQL, a parameter's name."""

_DEPTH = 7
_STATEMENT = re.compile(
    r"^\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*|\(\s*)*(?:"
    r"select\b(?=.*\bfrom\b)|select\s+\w+\(|insert\s+(?:or\s+\w+\s+|ignore\s+)?into\b"
    r"|update\s+\S+.*\bset\b|delete\s+from\b|replace\s+into\b|with\s+(?:recursive\s+)?\S+.*\bas\b"
    r"|create\s+(?:or\s+replace\s+)?(?:unique\s+|temp\w*\s+|virtual\s+|materialized\s+)?"
    r"(?:table|index|view|trigger|database|schema|role|user|extension|type)\b"
    r"|alter\s+(?:table|user|role|database|type)\b"
    r"|drop\s+(?:table|index|view|database|schema|role|user|trigger|type)\b|pragma\s+\S"
    r"|attach\s+|truncate\s+|vacuum\s+into|merge\s+into|copy\s+\S+|grant\s+\S|explain\s+(?:query|analyze|select)"
    r"|set\s+(?:session|local|search_path)|call\s+\S+\()",
    re.IGNORECASE | re.DOTALL,
)
_WITHOUT_PARAMETERS = re.compile(
    r"^[\s(]*(pragma|create|alter|drop|set|grant|copy|truncate|vacuum)\b", re.IGNORECASE
)
_PROSE = re.compile(
    r"\b(select|update|delete|insert)\s+(the|a|an|your|one|any|some|which|and|or|from the)\b",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(=|<|>|!|\|\||\b(like|ilike|glob|match|is|is not|between|limit|offset|in|values|interval|top"
    r"|regexp|then|else|timeout|cast\())\s*\(?\s*$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\bbetween\s+\S+\s+and\s*$", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"(\b(from|into|update|table|join|exists|by|select|distinct|column|pragma|index|view|database"
    r"|schema|returning|references|to|trigger|only|as|role|user|add|drop|using|call|type|savepoint"
    r"|release)|\.|::)\s*$",
    re.IGNORECASE,
)
_NAMED_BY_AFTER = re.compile(
    r"\s*(=|<|>|!=|\bin\b|\blike\b|\bilike\b|\bis\b|\bbetween\b)", re.IGNORECASE
)
_LIST_OF_VALUES = re.compile(r"\b(in|values|any|all)\s*$|\)\s*,\s*$", re.IGNORECASE)
_LIST_OF_NAMES = re.compile(r"\b(select|by|set|returning|distinct)\b[^()]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """An expression inside an SQL text. `fragment` is the text expression it is written in."""

    node: ast.expr
    fragment: ast.expr
    place: Place
    binds: bool = True
    """Whether the statement takes bound parameters: `PRAGMA` and `CREATE` do not."""


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """A hole whose place is not known yet."""

    node: ast.expr
    fragment: ast.expr


type _Parts = list[str | _Open]


def looks_like_sql(text: str) -> bool:
    """Whether a text is an SQL statement and not prose with the same words in it."""
    return bool(_STATEMENT.match(text)) and not _PROSE.search(text[:200])


def holes_of(file: SourceFile, value: ast.expr, *, prefix: str = "") -> list[Hole]:
    """The holes of an SQL text; none when it is constant or not SQL.

    `prefix` is what to assume before a text that is only a part of a statement.
    """
    parts = _Reader(file).parts(value, _DEPTH)
    if not any(isinstance(part, _Open) for part in parts):
        return []
    whole = prefix + "".join(part if isinstance(part, str) else "x" for part in parts)
    if not looks_like_sql(whole):
        return []
    return list(_placed(parts, prefix))


def _placed(parts: _Parts, prefix: str) -> Iterator[Hole]:
    texts = [part if isinstance(part, str) else "x" for part in parts]
    binds = not _WITHOUT_PARAMETERS.match(prefix + "".join(texts))
    before = prefix
    for number, part in enumerate(parts):
        if isinstance(part, _Open):
            place = place_of(before, "".join(texts[number + 1 :]))
            yield Hole(part.node, part.fragment, place, binds)
        before += texts[number]


def place_of(before: str, after: str) -> Place:
    """What a hole between two pieces of SQL stands for."""
    before = re.sub(r"--[^\n]*(?=\n)", "", before)
    if before.replace("''", "").count("'") % 2:
        return "quoted"
    if before.count('"') % 2 or before.count("`") % 2 or before.endswith("["):
        return "identifier"
    if re.search(r"(?<!:):$|\$$|@$|%\($", before):
        return "placeholder"
    if re.search(r"\w$", before) and not before[-1:].isspace():
        return "identifier"
    if _BETWEEN.search(before):
        return "value"
    if before.rstrip().endswith(("(", ",")):
        return _place_in_list(before.rstrip())
    if _VALUE.search(before):
        return "value"
    if _IDENTIFIER.search(before):
        return "identifier"
    if re.search(r"\b(where|and|or|not|having|on|set|when|case)\s*\(?\s*$", before, re.IGNORECASE):
        return "identifier" if _NAMED_BY_AFTER.match(after) else "clause"
    return "clause"


def _place_in_list(before: str) -> Place:
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        if before[index] == ")":
            depth += 1
        elif before[index] == "(":
            if depth == 0:
                inner, head = before[index + 1 :], before[:index]
                if re.search(r"\bselect\b", inner, re.IGNORECASE):
                    return "identifier"
                if re.search(r"\b(where|and|or|not|on)\s*$", head, re.IGNORECASE):
                    return "clause"
                return "value" if _LIST_OF_VALUES.search(head) else "identifier"
            depth -= 1
    return "identifier" if _LIST_OF_NAMES.search(before) else "clause"


class _Reader:
    """Expands an expression into the parts of the text that it builds, through variables."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._text = TextReader(lambda _: None)
        self._busy: set[ast.AST] = set()

    def parts(self, node: ast.expr, depth: int) -> _Parts:
        """Constant parts and holes; a single hole when the expression is no text."""
        return self._expanded(node, node, depth)

    def _expanded(self, node: ast.expr, fragment: ast.expr, depth: int) -> _Parts:
        if depth <= 0 or node in self._busy:
            return [_Open(node, fragment)]
        self._busy.add(node)
        try:
            found = self._several(node, fragment, depth) or [_Open(node, fragment)]
            return list(_with_bare_ones(found, node, fragment))
        finally:
            self._busy.discard(node)

    def _several(self, node: ast.expr, fragment: ast.expr, depth: int) -> _Parts | None:
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

    def _other(self, node: ast.expr, fragment: ast.expr, depth: int) -> _Parts | None:
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

    def _operation(self, node: ast.BinOp, fragment: ast.expr, depth: int) -> _Parts | None:
        if isinstance(node.op, ast.Mult):
            return self._repeated(node.left, node.right)
        if isinstance(node.op, ast.Add):
            left = self._expanded(node.left, fragment, depth)
            return [*left, *self._expanded(node.right, fragment, depth)]
        return None

    def _joined(self, items: list[ast.expr], fragment: ast.expr, depth: int) -> _Parts:
        found: _Parts = []
        for item in items:
            if isinstance(item, ast.Starred):
                item = item.value  # noqa: PLW2901 the starred list is the item
            found.extend([*self._expanded(item, fragment, depth), ", "])
        return found or [""]

    def _repeated(self, left: ast.expr, right: ast.expr) -> _Parts | None:
        for side in (left, right):
            text = self._text.constant(side)
            if text is None and isinstance(side, (ast.List, ast.Tuple)) and len(side.elts) == 1:
                text = self._text.constant(side.elts[0])
            if text is not None:
                return [text]
        return None

    def _alternatives(self, values: list[ast.expr], depth: int) -> _Parts | None:
        """The parts of every text that may stand here, one after the other."""
        if not any(self._is_text(value, depth) for value in values):
            return None
        found: _Parts = []
        for value in values:
            if isinstance(value, ast.Constant) and value.value is None:
                continue
            found.extend(self._expanded(value, value, depth))
        return found

    def _is_text(self, node: ast.expr, depth: int) -> bool:
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return False
        parts = self._expanded(node, node, depth)
        return not (len(parts) == 1 and isinstance(parts[0], _Open) and parts[0].node is node)

    def _name(self, name: ast.Name, depth: int) -> _Parts | None:
        bindings = sorted(flow_of(self._file).reaching(name), key=lambda b: (b.line, b.column))
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

    def _call(self, call: ast.Call, fragment: ast.expr, depth: int) -> _Parts | None:
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
        function = self._file.names.functions().get(name)
        if function is not None:
            return self._alternatives(returned_values(self._file, function), depth)
        return None


def _with_bare_ones(parts: _Parts, node: ast.expr, fragment: ast.expr) -> Iterator[str | _Open]:
    """The parts; a value with no text around it is said to stand where it is used."""
    for part in parts:
        if isinstance(part, _Open) and part.node is part.fragment:
            yield _Open(node, fragment)
        else:
            yield part


def _parameters(file: SourceFile) -> Parameters:
    return file.memo("parameters", lambda: Parameters(file))
