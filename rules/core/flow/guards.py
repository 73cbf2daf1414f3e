"""Checks that stand before a use and make a value harmless for it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.containment import is_only_absolute, is_unresolved
from rules.core.scopes import FUNCTIONS, FunctionNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

type _Position = tuple[int, int]

_EXITS = (ast.Raise, ast.Return, ast.Continue, ast.Break)
_TESTING = {ast.If, ast.While, ast.IfExp, ast.Assert, ast.BoolOp, ast.comprehension, ast.Expr}
_MATCHES = {"match", "fullmatch", "search"}
_TEXT_TESTS = {"isdigit", "isalnum", "isalpha", "isnumeric", "isdecimal", "isidentifier"}
_DATES = frozenset({"strptime", "fromisoformat"})
_VERBS = re.compile(
    r"(^|_)(validate|valid|check|ensure|verify|assert|sanitize|sanitise|require|safe|allowed|within)"
)
_CONTAINMENT = {"is_relative_to", "relative_to", "commonpath", "commonprefix", "safe_join"}


@dataclass(frozen=True, slots=True)
class _Check:
    """A test that says, when it comes out as `when`, that a value is harmless for some uses."""

    value: str
    when: bool
    uses: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A stretch of a function in which a value is harmless."""

    value: str
    start: _Position
    end: _Position
    uses: frozenset[str] | None


class Guards:
    """The checks of a file's functions, found once for each function that is asked about."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._known: dict[FunctionNode | ast.Module, list[_Guarded]] = {}

    def covers(self, node: ast.expr, use: str) -> bool:
        """Whether a name, attribute or subscript was checked before it stands here."""
        return any(uses is None or use in uses for uses in self.checks(node))

    def checks(self, node: ast.expr) -> list[frozenset[str] | None]:
        """For which uses each check before a name, attribute or subscript holds; None for all."""
        function = self._file.enclosing_function(node) or self._file.tree
        if function not in self._known:
            self._known[function] = list(self._guarded(function))
        found = self._known[function]
        if not found:
            return []
        text = node.id if isinstance(node, ast.Name) else ast.unparse(node)
        here = (node.lineno, node.col_offset)
        return [
            guarded.uses
            for guarded in found
            if guarded.value == text and guarded.start <= here <= guarded.end
        ]

    def _guarded(self, function: FunctionNode | ast.Module) -> Iterator[_Guarded]:
        for node in self._file.body(function):
            if node.__class__ not in _TESTING:
                continue
            match node:
                case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                    for check in self._checks(test):
                        yield from self._stretches(node, check)
                case ast.Assert(test=test):
                    for check in self._checks(test):
                        if check.when:
                            yield _Guarded(
                                check.value, _end(node), self._block_end(node), check.uses
                            )
                case ast.BoolOp(op=op, values=values):
                    yield from self._later_operands(op, values)
                case ast.comprehension(ifs=[*tests]) if tests:
                    yield from self._filtered(node, tests)
                case (
                    ast.Expr(value=ast.Call() as call)
                    | ast.Expr(value=ast.Await(value=ast.Call() as call))
                ):
                    yield from self._validated(node, call)
                case _:
                    pass

    def _stretches(self, node: ast.If | ast.While | ast.IfExp, check: _Check) -> Iterator[_Guarded]:
        if isinstance(node, ast.IfExp):
            branch = node.body if check.when else node.orelse
            yield _Guarded(check.value, _start(branch), _end(branch), check.uses)
            return
        good, bad = (node.body, node.orelse) if check.when else (node.orelse, node.body)
        if good:
            yield _Guarded(check.value, _start(good[0]), _end(good[-1]), check.uses)
        if bad and (_leaves(bad) or _replaces(bad, check.value)):
            yield _Guarded(check.value, _end(node), self._block_end(node), check.uses)

    def _later_operands(self, op: ast.boolop, values: list[ast.expr]) -> Iterator[_Guarded]:
        for number, value in enumerate(values[:-1]):
            for check in self._checks(value):
                if check.when is isinstance(op, ast.And):
                    later = values[number + 1]
                    yield _Guarded(check.value, _start(later), _end(values[-1]), check.uses)

    def _filtered(self, node: ast.comprehension, tests: list[ast.expr]) -> Iterator[_Guarded]:
        around = self._file.parent(node)
        if not isinstance(around, ast.expr):
            return
        for test in tests:
            for check in self._checks(test):
                if check.when:
                    yield _Guarded(check.value, _start(around), _end(around), check.uses)

    def _validated(self, node: ast.Expr, call: ast.Call) -> Iterator[_Guarded]:
        """`validate_symbol(symbol)` and `int(x)` as statements raise when the value is bad."""
        last = _last(call.func)
        if last in _DATES:
            if not self._goes_on_after(node):
                yield from self._whole_date(node, call)
            return
        if not (_VERBS.search(last) or last in {"int", "float", "UUID", "relative_to"}):
            return
        if last == "relative_to" and self._is_blind(call):
            return
        uses = frozenset({"path"}) if last == "relative_to" else None
        for value in (*call.args, *(k.value for k in call.keywords), *_owner(call, last)):
            if isinstance(value, (ast.Name, ast.Attribute)):
                yield _Guarded(ast.unparse(value), _end(node), self._block_end(node), uses)

    def _whole_date(self, node: ast.Expr, call: ast.Call) -> Iterator[_Guarded]:
        """`datetime.strptime(day, "%Y-%m-%d")` refuses whatever is more than a date."""
        if call.args and isinstance(call.args[0], (ast.Name, ast.Attribute)):
            value = ast.unparse(call.args[0])
            yield _Guarded(value, _end(node), self._block_end(node), None)

    def _goes_on_after(self, node: ast.Expr) -> bool:
        """Whether a handler around takes the error and lets the function go on."""
        parent = self._file.parent(node)
        return isinstance(parent, ast.Try) and not all(_leaves(h.body) for h in parent.handlers)

    def _block_end(self, node: ast.AST) -> _Position:
        """Where the code ends that runs after this statement; a `try` does not end it."""
        parent = self._file.parent(node)
        while isinstance(parent, ast.Try):
            node, parent = parent, self._file.parent(parent)
        if parent is None or isinstance(parent, ast.Module):
            return (10**9, 0)
        return _end(parent)

    # Tests

    def _checks(self, test: ast.expr) -> Iterator[_Check]:
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                for check in self._checks(operand):
                    yield _Check(check.value, not check.when, check.uses)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self._checks(value)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                yield from self._compared(left, op, right)
            case ast.Call(func=ast.Name(id="any" | "next"), args=[ast.GeneratorExp() as found, *_]):
                yield from _found_among(found)
            case ast.Call():
                yield from self._called(test)
            case ast.NamedExpr(value=value):
                yield from self._checks(value)
            case ast.Name():
                value = self._file.value(test)
                if isinstance(value, (ast.Call, ast.Compare)):
                    yield from self._checks(value)
            case _:
                pass

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Iterator[_Check]:
        match op:
            case ast.In() | ast.NotIn():
                yield from self._membership(left, right, when=isinstance(op, ast.In))
            case ast.Eq() | ast.Is() if _is_fixed(right):
                yield from _of_values(left, when=True)
            case ast.NotEq() | ast.IsNot() if _is_fixed(right):
                yield from _of_values(left, when=False)
            case ast.Is() | ast.IsNot() if _is_none(right) and isinstance(left, ast.Name):
                for check in self._checks(left):
                    yield _Check(check.value, check.when is isinstance(op, ast.IsNot), check.uses)
            case _:
                pass
        for part in (left, right):
            if isinstance(part, ast.Attribute) and part.attr == "parent":
                for value in _values_in(part):
                    yield _Check(value, isinstance(op, ast.Eq), frozenset({"path"}))
            if isinstance(part, ast.Call):
                yield from self._called(part, flipped=isinstance(op, (ast.NotEq, ast.Is)))

    def _membership(self, left: ast.expr, right: ast.expr, *, when: bool) -> Iterator[_Check]:
        if isinstance(left, ast.Constant):
            if left.value in {"..", "/", "\\", "../"}:
                for check in _of_values(right, when=not when):
                    yield _Check(check.value, check.when, frozenset({"path"}))
            return
        if isinstance(right, ast.Attribute) and right.attr == "parents":
            if is_only_absolute(self._file, right.value):
                return
            for check in _of_values(right.value, when=when):
                yield _Check(check.value, check.when, frozenset({"path"}))
        yield from _of_values(left, when=when)

    def _called(self, call: ast.Call, *, flipped: bool = False) -> Iterator[_Check]:
        last, when = _last(call.func), not flipped
        if last in _CONTAINMENT:
            if self._is_blind(call):
                return
            for value in _values_in(call):
                yield _Check(value, when, frozenset({"path"}))
        elif last == "startswith":
            yield from self._starts(call, when=when)
        elif last in _TEXT_TESTS and isinstance(call.func, ast.Attribute):
            yield from _of_values(call.func.value, when=when)
        elif last in _MATCHES or _VERBS.search(last) or last == "isinstance":
            if last == "isinstance" and not _is_number_test(call):
                return
            for argument in call.args:
                yield from _of_values(argument, when=when)

    def _is_blind(self, call: ast.Call) -> bool:
        """Whether a path is asked that may still hold `..`."""
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is None:
            return False
        if _last(call.func) == "startswith":
            return is_unresolved(self._file, owner)
        return is_only_absolute(self._file, owner)

    def _starts(self, call: ast.Call, *, when: bool) -> Iterator[_Check]:
        """`str(path).startswith(str(BASE))` holds a path in, a constant prefix a URL."""
        if not isinstance(call.func, ast.Attribute) or not call.args:
            return
        constant = self._file.constant_text(call.args[0])
        uses = frozenset({"path"})
        if constant is not None:
            uses = frozenset({"redirect", "url"}) if constant.startswith(("/", "http")) else None
        if constant is None and self._is_blind(call):
            return
        if uses is not None:
            for value in _values_in(call.func.value):
                yield _Check(value, when, uses)


def _found_among(found: ast.GeneratorExp) -> Iterator[_Check]:
    """`next((r for r in releases if r.link == link), None)`: the value is one of those known."""
    items = {
        name.id
        for generator in found.generators
        for name in ast.walk(generator.target)
        if isinstance(name, ast.Name)
    }
    for test in (found.elt, *(test for generator in found.generators for test in generator.ifs)):
        match test:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                for one, other in ((left, right), (right, left)):
                    if items & set(_values_in(one)) and not items & set(_values_in(other)):
                        yield from _of_values(other, when=True)
            case _:
                pass


def _of_values(node: ast.expr, *, when: bool) -> Iterator[_Check]:
    """The value that is tested, through `x.lower()`, `str(x)` and `x.strip()`."""
    match node:
        case ast.Name() | ast.Attribute() | ast.Subscript():
            yield _Check(ast.unparse(node), when)
        case ast.Call(func=ast.Attribute(value=owner)) if not node.args:
            yield from _of_values(owner, when=when)
        case ast.Call(func=ast.Name(id="str" | "set" | "Path"), args=[inner]):
            yield from _of_values(inner, when=when)
        case ast.NamedExpr(target=target):
            yield from _of_values(target, when=when)
        case _:
            pass


def _values_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is not None and node.value != ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_number_test(call: ast.Call) -> bool:
    names = {part.id for part in ast.walk(call.args[-1]) if isinstance(part, ast.Name)}
    return bool(names) and names <= {"int", "float", "bool", "Decimal", "UUID"}


def _leaves(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return _last(last.value.func) in {"abort", "exit", "_exit"}
    return isinstance(last, _EXITS)


def _replaces(body: list[ast.stmt], value: str) -> bool:
    """Whether the branch gives the value that was found bad another one."""
    return any(
        isinstance(statement, ast.Assign)
        and any(ast.unparse(target) == value for target in statement.targets)
        for statement in body
    )


def _owner(call: ast.Call, last: str) -> list[ast.expr]:
    if last == "relative_to" and isinstance(call.func, ast.Attribute):
        return [call.func.value]
    return []


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _start(node: ast.AST) -> _Position:
    return (getattr(node, "lineno", 1), getattr(node, "col_offset", 0))


def _end(node: ast.AST) -> _Position:
    return (getattr(node, "end_lineno", None) or 1, getattr(node, "end_col_offset", None) or 0)


__all__ = ["FUNCTIONS", "Guards"]
