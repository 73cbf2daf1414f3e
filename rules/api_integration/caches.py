"""Dictionaries that serve as caches: where they are, what is put in, what takes it out again."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

CACHE_NAME = re.compile(r"(^|_)(cache|cached|caches|memo)(_|$)|cache$", re.IGNORECASE)
_EMPTY = {
    "dict",
    "collections.defaultdict",
    "collections.OrderedDict",
    "defaultdict",
    "OrderedDict",
}
_REMOVES = {"pop", "popitem", "clear"}


@dataclass(frozen=True, slots=True, eq=False)
class DictCache:
    """A dictionary called a cache. `owner` is its class when it is an attribute of `self`.

    `stores` are the assignments to its items, `removals` what takes items out, replaces the
    whole dictionary or asks for its size.
    """

    name: str
    owner: ast.ClassDef | None
    made: ast.stmt
    stores: tuple[ast.Subscript, ...]
    removals: tuple[ast.AST, ...]

    @property
    def shown(self) -> str:
        """How the code writes it."""
        return f"self.{self.name}" if self.owner else self.name


def dict_caches(file: SourceFile) -> list[DictCache]:
    """The caches of a file that are plain dictionaries."""
    return file.memo("dict-caches", lambda: list(_caches(file)))


def _caches(file: SourceFile) -> Iterator[DictCache]:
    if "cache" not in file.lowered and "memo" not in file.text:
        return
    for statement in (*file.of(ast.Assign), *file.of(ast.AnnAssign)):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        name = _last(target)
        if not _is_cache_name(name) or not _is_empty_dict(statement.value, file):
            continue
        scope = file.enclosing_function(statement)
        if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
            if scope is None or scope.name != "__init__":
                continue
            owner = file.enclosing_class(statement)
        elif isinstance(target, ast.Name) and scope is None:
            owner = file.enclosing_class(statement)
            if owner is not None:
                continue
        else:
            continue
        yield DictCache(
            name,
            owner,
            statement,
            tuple(_stores(name, owner, file)),
            tuple(_removals(name, owner, statement, file)),
        )


@lru_cache(maxsize=4096)
def _is_cache_name(name: str) -> bool:
    return CACHE_NAME.search(name) is not None


def _is_empty_dict(value: ast.expr | None, file: SourceFile) -> bool:
    if isinstance(value, ast.Dict):
        return not value.keys
    if not isinstance(value, ast.Call):
        return False
    return file.qualified_name(value.func) in _EMPTY and not value.keywords and len(value.args) < 2


def is_cache(node: ast.AST | None, name: str, owner: ast.ClassDef | None) -> bool:
    """Whether an expression is this cache."""
    if owner is None:
        return isinstance(node, ast.Name) and node.id == name
    return isinstance(node, ast.Attribute) and node.attr == name


def _stores(name: str, owner: ast.ClassDef | None, file: SourceFile) -> Iterator[ast.Subscript]:
    for item in file.of(ast.Subscript):
        if isinstance(item.ctx, ast.Store) and is_cache(item.value, name, owner):
            yield item


def _removals(
    name: str, owner: ast.ClassDef | None, made: ast.stmt, file: SourceFile
) -> Iterator[ast.AST]:
    for item in file.of(ast.Subscript):
        if isinstance(item.ctx, ast.Del) and is_cache(item.value, name, owner):
            yield item
    for call in file.calls("pop", "popitem", "clear", "len"):
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        given = call.args[0] if call.args else None
        if is_cache(receiver, name, owner) or (receiver is None and is_cache(given, name, owner)):
            yield call
    for statement in (*file.of(ast.Assign), *file.of(ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if statement is not made and any(is_cache(target, name, owner) for target in targets):
            yield statement
    for call in file.of(ast.Call):  # Given to something else, which may empty it.
        if any(is_cache(argument, name, owner) for argument in call.args):
            yield call


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
