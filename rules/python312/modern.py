"""Whether a file is written for a new Python: what it uses already."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.scopes import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_BUILTIN = frozenset({"list", "dict", "set", "tuple", "frozenset", "type"})


def has_type_parameters(file: SourceFile) -> bool:
    """Whether the file uses the syntax of Python 3.12: `def f[T]`, `class C[T]` or `type X = `."""
    return file.memo("3.12 syntax", lambda: any(_with_parameters(file)))


def _with_parameters(file: SourceFile) -> Iterator[ast.AST]:
    yield from file.of(ast.TypeAlias)
    for kind in (*FUNCTIONS, ast.ClassDef):
        for node in file.of(kind):
            if node.type_params:
                yield node


def annotations_in(file: SourceFile) -> list[ast.expr]:
    """Every annotation of the file, in the order of the text."""
    return file.memo("annotations", lambda: sorted(_annotations(file), key=_place))


def is_in_annotation(node: ast.expr, file: SourceFile) -> bool:
    """Whether an expression is an annotation or a part of one."""
    child: ast.AST = node
    for parent in file.ancestors(node):
        match parent:
            case ast.arg() | ast.AnnAssign():
                return parent.annotation is child
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return parent.returns is child
            case ast.stmt() | ast.Call():
                return False
            case _:
                child = parent
    return False


def _place(node: ast.expr) -> tuple[int, int]:
    return (node.lineno, node.col_offset)


def _annotations(file: SourceFile) -> Iterator[ast.expr]:
    for argument in file.of(ast.arg):
        if argument.annotation is not None:
            yield argument.annotation
    for assignment in file.of(ast.AnnAssign):
        yield assignment.annotation
    for function in file.functions:
        if function.returns is not None:
            yield function.returns


def modern_unions(file: SourceFile) -> int:
    """How many annotations use `X | Y`."""
    return file.memo("unions", lambda: _count_unions(file))


def _count_unions(file: SourceFile) -> int:
    if not any(isinstance(node.op, ast.BitOr) for node in file.of(ast.BinOp)):
        return 0
    return sum(_has_union(annotation, file) for annotation in annotations_in(file))


def modern_collections(file: SourceFile) -> int:
    """How many annotations use `list[X]` and the like."""
    return file.memo("collections", lambda: _count_collections(file))


def _count_collections(file: SourceFile) -> int:
    if not any(map(_is_collection, file.of(ast.Subscript))):
        return 0
    return sum(_has_collection(annotation, file) for annotation in annotations_in(file))


def _has_union(annotation: ast.expr, file: SourceFile) -> bool:
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        for node in file.within(annotation)
    )


def _has_collection(annotation: ast.expr, file: SourceFile) -> bool:
    return any(map(_is_collection, file.within(annotation)))


def _is_collection(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in _BUILTIN
    )
