"""`with x.session() as session:` where nobody can tell what `x` is: what is done in such blocks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.source import SourceFile
    from rules.core.sql.queries import Query

_COMMITTING = frozenset({"begin", "begin_nested", "transaction", "atomic"})


class SessionBlock(NamedTuple):
    """A `with` statement and the last name of the function that gives its session."""

    block: ast.With | ast.AsyncWith
    opener: str
    session: str


class BlockCount(NamedTuple):
    """How many blocks of one opener write and commit by hand, and how many write and do not.

    A block that gives its session to somebody else is neither.
    """

    opener: str
    committed: int
    left: int


def session_block(owner: ast.expr, file: SourceFile) -> SessionBlock | None:
    """The block of the same function that opens the session which a query is called on."""
    if not isinstance(owner, ast.Name):
        return None
    for parent in file.ancestors(owner):
        if isinstance(parent, FUNCTIONS):
            return None
        if not isinstance(parent, (ast.With, ast.AsyncWith)):
            continue
        for item in parent.items:
            match item:
                case ast.withitem(
                    context_expr=ast.Call(func=ast.Attribute(attr=opener) | ast.Name(id=opener)),
                    optional_vars=ast.Name(id=session),
                ) if session == owner.id:
                    return None if opener in _COMMITTING else SessionBlock(parent, opener, session)
                case _:
                    pass
    return None


def block_counts(queries: Iterable[Query], file: SourceFile) -> Iterator[BlockCount]:
    """The blocks of a file that write, counted by opener."""
    blocks: dict[ast.AST, SessionBlock] = {}
    for query in queries:
        if query.writes and (found := session_block(query.owner, file)) is not None:
            blocks[found.block] = found
    counts: dict[str, list[int]] = {}
    for found in blocks.values():
        committed = _is_committed_by_hand(found, file)
        if committed or not _is_given_away(found):
            counts.setdefault(found.opener, [0, 0])[not committed] += 1
    for opener, (with_commit, without) in sorted(counts.items()):
        yield BlockCount(opener, with_commit, without)


def _is_committed_by_hand(found: SessionBlock, file: SourceFile) -> bool:
    """Whether the session is told to commit inside its block."""
    block = found.block
    return any(
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == found.session
        and block.lineno <= call.lineno <= (block.end_lineno or 0)
        for call in file.calls("commit")
    )


def _is_given_away(found: SessionBlock) -> bool:
    return any(
        isinstance(given, ast.Name) and given.id == found.session
        for node in ast.walk(found.block)
        if isinstance(node, ast.Call)
        for given in (*node.args, *(keyword.value for keyword in node.keywords))
    )
