"""Edits made with libcst on the smallest statement, and verified before they are offered."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.core.engine import check, findings_of
from rules.core.findings import Suggestion
from rules.core.parsing import NotPythonError, deepest_nesting
from rules.core.source import LOCATED, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import libcst as cst
    from libcst.metadata import MetadataWrapper

    from rules.core.rule import Fix, Problem, Rewritten, Rule

    type _Found = Sequence[tuple[Rule, Problem]]

_MAX_LINES = 150
_MAX_NESTING = 40
_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__"}
_OTHER_TYPES = {
    "Constant": ("SimpleString", "ConcatenatedString", "Integer", "Float", "Name", "Ellipsis"),
    "JoinedStr": ("FormattedString", "ConcatenatedString"),
    "BinOp": ("BinaryOperation",),
    "BoolOp": ("BooleanOperation",),
    "UnaryOp": ("UnaryOperation",),
    "Compare": ("Comparison",),
    "Starred": ("StarredElement",),
    "keyword": ("Arg",),
    "arg": ("Param",),
    "alias": ("ImportAlias",),
    "withitem": ("WithItem",),
    "AsyncFunctionDef": ("FunctionDef",),
    "AsyncFor": ("For",),
    "AsyncWith": ("With",),
    "TryStar": ("TryStar",),
    "GeneratorExp": ("GeneratorExp",),
}


def expression(text: str) -> Fix:
    """A fix that puts this expression in the place of the flagged one."""

    def rewrite(_: cst.CSTNode) -> Rewritten:
        import libcst as cst

        return cst.parse_expression(text)

    return rewrite


def statement(text: str) -> Fix:
    """A fix that puts this statement (or these lines) in the place of the flagged one."""

    def rewrite(_: cst.CSTNode) -> Rewritten:
        import libcst as cst

        body = cst.parse_module(text).body
        return body[0] if len(body) == 1 else cst.FlattenSentinel(body)

    return rewrite


def small_statement(text: str) -> Fix:
    """A fix that puts this statement in the place of a one-line one; the comments around it stay."""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        new = cst.parse_statement(text)
        if not isinstance(node, cst.SimpleStatementLine) or len(node.body) != 1:
            return None
        return node.with_changes(body=new.body) if isinstance(new, type(node)) else None

    return rewrite


def remove(_: cst.CSTNode) -> Rewritten:
    """A fix that takes the flagged statement, argument or keyword away."""
    import libcst as cst

    return cst.RemoveFromParent()


def suggest(
    file: SourceFile, asked: _Found, rules: Sequence[Rule], found: _Found = ()
) -> list[Suggestion | None]:
    """The edit for each problem, or None where it cannot be made or does not prove right.

    `found` is everything that the rules found in the file, if that is known already.

    Proof: the edited file parses, the problem is gone, no rule in `rules` finds anything new in
    it, and no name is used that nothing defines. Edits that do not meet are proved together.
    """
    made = [edit(file, problem) for _, problem in asked]
    waiting = [
        _Made(at, edited, *pair)
        for at, (edited, pair) in enumerate(zip(made, asked, strict=True))
        if edited is not None
    ]
    proof = _Proof(file, rules, found)
    while waiting:
        apart, waiting = _apart(waiting)
        for wrong in proof.wrong_of(apart):
            made[wrong.at] = None
    return made


def edit(file: SourceFile, problem: Problem) -> Suggestion | None:
    """The edit that a problem's fix makes, not verified yet."""
    if problem.fix is None:
        return None
    block = _block(file, problem.node)
    first, last = _first_line(block), block.end_lineno or block.lineno
    lines = file.text.splitlines(keepends=True)
    old = lines[first - 1 : last]
    if not _is_editable(old, block):
        return None
    new = _rewritten("".join(old), problem, first, file)
    return _shortest(old, new.splitlines(keepends=True), first) if new is not None else None


def applied(text: str, edits: Iterable[Suggestion]) -> str:
    """The text with non-overlapping edits applied."""
    lines = text.splitlines(keepends=True)
    for edited in sorted(edits, key=lambda e: e.start_line, reverse=True):
        lines[edited.start_line - 1 : edited.end_line] = [edited.replacement]
    return "".join(lines)


def _block(file: SourceFile, node: ast.AST) -> ast.stmt:
    """The smallest statement around a node; for an `elif`, the outermost `if`."""
    block = file.statement(node)
    while isinstance(block, ast.If):
        parent = file.parent(block)
        if not (isinstance(parent, ast.If) and block in parent.orelse):
            break
        block = parent
    return block


def _first_line(block: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(block, "decorator_list", [])
    return min([block.lineno, *(decorator.lineno for decorator in decorators)])


def _is_editable(old: list[str], block: ast.stmt) -> bool:
    """Whether the statement has its lines for itself and libcst will survive it."""
    if not old or len(old) > _MAX_LINES or "\f" in "".join(old):
        return False
    indentation = len(old[0]) - len(old[0].lstrip())
    after = old[-1].rstrip("\r\n").encode()[block.end_col_offset or 0 :].decode(errors="ignore")
    alone = block.col_offset == indentation and re.fullmatch(r"\s*(#.*)?", after) is not None
    return alone and deepest_nesting("".join(old)) <= _MAX_NESTING


def _rewritten(old: str, problem: Problem, first: int, file: SourceFile) -> str | None:
    import libcst as cst
    from libcst.metadata import MetadataWrapper

    indented = old[:1] in " \t"
    end = "\r\n" if "\r\n" in old else "\n"
    wrapped = f"if 1:{end}{old}" if indented else old
    shift = first - (2 if indented else 1)
    try:
        wrapper = MetadataWrapper(cst.parse_module(wrapped), unsafe_skip_copy=True)
        target = _target(wrapper, problem.node, shift, file)
        new = problem.fix(target) if target is not None and problem.fix is not None else None
        if target is None or new is None:
            return None
        if isinstance(new, cst.RemovalSentinel) and _has_neighbours(file, problem.node):
            return ""
        code = _replaced(wrapper.module, target, new)
    except (cst.ParserSyntaxError, cst.CSTValidationError, TypeError, AttributeError):
        return None
    return code.removeprefix(f"if 1:{end}") if indented else code


def _has_neighbours(file: SourceFile, node: ast.AST) -> bool:
    """Whether a statement can go without leaving its block empty."""
    parent = file.parent(node)
    blocks: list[list[ast.AST]] = [
        getattr(parent, name, []) for name in ("body", "orelse", "finalbody")
    ]
    return any(node in block and len(block) > 1 for block in blocks)


def _replaced(module: cst.Module, target: cst.CSTNode, new: Rewritten) -> str:
    import libcst as cst

    class Replace(cst.CSTTransformer):
        def on_leave(self, original_node: Any, updated_node: Any) -> Any:
            return new if original_node is target else updated_node

    return module.visit(Replace()).code


def _target(
    wrapper: MetadataWrapper, node: ast.AST, shift: int, file: SourceFile
) -> cst.CSTNode | None:
    """The libcst node that stands where the ast node stands."""
    from libcst.metadata import PositionProvider

    if not isinstance(node, LOCATED):
        return None
    wanted = _wanted_types(node)
    start = (node.lineno - shift, _characters(file, node.lineno, node.col_offset))
    end_line = node.end_lineno or node.lineno
    end = (end_line - shift, _characters(file, end_line, node.end_col_offset or 0))
    found: cst.CSTNode | None = None
    for candidate, where in wrapper.resolve(PositionProvider).items():
        if type(candidate).__name__ not in wanted:
            continue
        if (where.start.line, where.start.column) != start:
            continue
        if not isinstance(node, ast.expr) or (where.end.line, where.end.column) == end:
            found = candidate
    return found


def _wanted_types(node: ast.AST) -> tuple[str, ...]:
    name = type(node).__name__
    if isinstance(node, ast.stmt) and not hasattr(node, "body"):
        return ("SimpleStatementLine",)
    return _OTHER_TYPES.get(name, (name,))


def _characters(file: SourceFile, line: int, offset: int) -> int:
    text = file.lines[line - 1] if 0 < line <= len(file.lines) else ""
    return len(text.encode()[:offset].decode(errors="ignore"))


def _shortest(old: list[str], new: list[str], first: int) -> Suggestion | None:
    """The edit without the lines at both ends that stay as they are."""
    if old == new or "".join(old).strip() == "".join(new).strip():
        return None
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    changed = old[head : len(old) - tail]
    replacement = new[head : len(new) - tail]
    if not changed:  # A pure insertion needs a line to stand on.
        at = head - 1 if head else 0
        changed, replacement = old[at : at + 1], [*old[at:head], *replacement, *old[head : at + 1]]
        head = at
    text = "".join(replacement)
    if text and not text.endswith("\n"):
        text += "\n"
    return Suggestion(first + head, first + head + len(changed) - 1, text)


class _Made(NamedTuple):
    """An edit, for which of the problems it is, the rule that finds it, and the problem."""

    at: int
    edit: Suggestion
    rule: Rule
    problem: Problem


def _apart(made: Sequence[_Made]) -> tuple[list[_Made], list[_Made]]:
    """The edits that do not meet an earlier one, and the others."""
    apart: list[_Made] = []
    others: list[_Made] = []
    for one in made:
        first, last = one.edit.start_line, one.edit.end_line
        meets = any(first <= it.edit.end_line and it.edit.start_line <= last for it in apart)
        (others if meets else apart).append(one)
    return apart, others


class _Proof:
    """What a file is before any edit, to compare the edited one with."""

    def __init__(self, file: SourceFile, rules: Sequence[Rule], found: _Found) -> None:
        self._file = file
        self._rules = rules
        self._found = found

    def wrong_of(self, made: Sequence[_Made]) -> list[_Made]:
        """Those of some edits that do not prove right; what fails together is tried in halves."""
        if not made or self._is_right(made):
            return []
        if len(made) == 1:
            return list(made)
        middle = len(made) // 2
        return [*self.wrong_of(made[:middle]), *self.wrong_of(made[middle:])]

    def _is_right(self, made: Sequence[_Made]) -> bool:
        file = self._file
        text = applied(file.text, [one.edit for one in made])
        try:
            after = SourceFile(file.path, text, file.project, file.kind)
        except NotPythonError:
            return False
        if not undefined_names(after) <= self._undefined:
            return False
        if len(made) > 1 and not _bound_names(after) <= self._bound:
            return False  # One edit could need what another one defines.
        now = _said(after, check(after, self._rules).found)
        after.close()
        if len(made) > 1:  # Else one edit could make up for another that repairs nothing.
            asked = _said(file, [(one.rule, one.problem) for one in made])
            return now == self._said - asked
        before, left = _by_rule(self._said), _by_rule(now)
        code = made[0].rule.code
        return left <= before and left[code] < before[code]

    @cached_property
    def _undefined(self) -> set[str]:
        return undefined_names(self._file)

    @cached_property
    def _bound(self) -> set[str]:
        return _bound_names(self._file)

    @cached_property
    def _said(self) -> Counter[_Place]:
        return _said(self._file, self._found or check(self._file, self._rules).found)


type _Place = tuple[str, str, str]
"""A rule, the function or class that it speaks of, and the code there."""


def _said(file: SourceFile, found: _Found) -> Counter[_Place]:
    """How often each rule speaks of the same code of a file."""
    return Counter((one.rule, one.scope, one.code) for one in findings_of(file, found))


def _by_rule(said: Counter[_Place]) -> Counter[str]:
    return Counter(rule for rule, _, _ in said.elements())


def _bound_names(file: SourceFile) -> set[str]:
    """Every name that something in the file binds."""
    imported = (
        alias.asname or alias.name.split(".")[0]
        for statement in (*file.of(ast.Import), *file.of(ast.ImportFrom))
        for alias in statement.names
    )
    return {
        *imported,
        *(name.id for name in file.of(ast.Name) if not isinstance(name.ctx, ast.Load)),
        *(one.name for one in (*file.functions, *file.of(ast.ClassDef))),
        *(argument.arg for argument in file.of(ast.arg)),
    }


def undefined_names(file: SourceFile) -> set[str]:
    """Names that the file uses and nothing in it binds."""
    return {
        name.id
        for name in file.of(ast.Name)
        if name.id not in _BUILTINS
        and isinstance(name.ctx, ast.Load)
        and not file.scopes.lookup(name.id, file.scopes.of(name))
    }
