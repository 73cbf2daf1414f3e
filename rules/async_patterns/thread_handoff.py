"""The rewrite of a blocking call into its asynchronous counterpart or into a thread."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OPENS = {"open", "pathlib.Path.open", "tarfile.open", "gzip.open", "httpx.stream", "os.popen"}


def awaited_instead(call: ast.Call, name: str, file: SourceFile) -> Fix | None:
    """The fix for one blocking call, or None where no rewrite is certain.

    A sleep becomes `asyncio.sleep`, everything else runs in a thread; both need `asyncio` to be
    imported already and a place where `await` is allowed.
    """
    if name in _OPENS or not _has_asyncio(file) or not _can_await(call, file):
        return None
    if name == "time.sleep":
        return _rewrite(call, file, "asyncio.sleep")
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    return _rewrite(call, file, None)


def _has_asyncio(file: SourceFile) -> bool:
    bindings = file.scopes.in_scope(file.tree).get("asyncio", [])
    return any(binding.kind == "import" and binding.target == "asyncio" for binding in bindings)


def _can_await(call: ast.Call, file: SourceFile) -> bool:
    for parent in file.ancestors(call):
        if isinstance(parent, (*_COMPREHENSIONS, ast.Lambda)):
            return False
        if isinstance(parent, (ast.withitem, ast.stmt)):
            return not isinstance(parent, ast.withitem)
    return False


def _rewrite(call: ast.Call, file: SourceFile, instead: str | None) -> Fix:
    parent = file.parent(call)
    tight = isinstance(parent, (ast.Attribute, ast.Subscript, ast.Await)) or (
        isinstance(parent, ast.Call) and parent.func is call
    )

    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Call):
            return None
        if instead is not None:
            new = node.with_changes(func=cst.parse_expression(instead))
        else:
            to_thread = cst.parse_expression("asyncio.to_thread")
            given = cst.Arg(node.func, comma=_comma(node))
            new = node.with_changes(func=to_thread, args=[given, *node.args])
        lpar, rpar = ([cst.LeftParen()], [cst.RightParen()]) if tight else ([], [])
        return cst.Await(new, lpar=lpar, rpar=rpar)

    return fix


def _comma(node: cst.Call) -> cst.Comma | cst.MaybeSentinel:
    """The comma after the function: where arguments stand on lines of their own, so does it."""
    import libcst as cst

    if not node.args:
        return cst.MaybeSentinel.DEFAULT
    before = node.whitespace_before_args
    if isinstance(before, cst.ParenthesizedWhitespace):
        return cst.Comma(whitespace_after=before)
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
