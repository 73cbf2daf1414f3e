"""PYT114."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CACHES = frozenset({"functools.lru_cache", "functools.cache"})


@rule(
    "PYT114",
    on=ast.FunctionDef,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:B019", "pylint:W1518"),
)
def lru_cache_on_method(node: ast.FunctionDef, file: SourceFile) -> Iterator[Problem]:
    """`lru_cache` on a method keeps every instance alive that it was ever called on.

    The cache belongs to the class and has `self` in its keys: objects with their connections and
    data stay until the process ends, and all instances share one size limit. Cache a module
    function, use `cached_property`, or make the cache in `__init__`.

    ```python
    from functools import lru_cache


    class Market:
        @lru_cache(maxsize=None)
        def prices(self, day: str) -> list[float]:  # finding
            return load(self, day)
    ```

    Functions, static and class methods, and a class with one instance for each member:

    ```python
    from enum import Enum
    from functools import cache, cached_property, lru_cache


    @lru_cache
    def settings() -> dict[str, str]:
        return {}


    class Market:
        @staticmethod
        @cache
        def parse(text: str) -> int:
            return int(text)

        @classmethod
        @cache
        def default(cls) -> int:
            return 1

        @cached_property
        def prices(self) -> list[float]:
            return []


    class Side(Enum):
        BUY = 1

        @cache
        def sign(self) -> int:
            return 1


    class Settings(metaclass=Singleton):
        @cache
        def theme(self) -> str:
            return "dark"
    ```
    """
    class_ = file.parent(node)
    if not node.decorator_list or not isinstance(class_, ast.ClassDef):
        return
    first = next(iter([*node.args.posonlyargs, *node.args.args]), None)
    if first is None or first.arg != "self" or _is_enum(class_, file):
        return
    if _is_single(class_, file):
        return
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = file.qualified_name(function)
        if name in _CACHES:
            yield Problem(
                node,
                f"`{name.rsplit('.', 1)[-1]}` on `{class_.name}.{node.name}` has `self` in its keys,"
                " so no instance is ever freed. Cache a function, or use `cached_property`.",
            )


def _is_enum(class_: ast.ClassDef, file: SourceFile) -> bool:
    names = [file.qualified_name(base) or "" for base in class_.bases]
    return any("Enum" in name or name.endswith("NamedTuple") for name in names)


def _is_single(class_: ast.ClassDef, file: SourceFile) -> bool:
    """Whether there is one instance only, which lives as long as the program anyway."""
    around = [*class_.bases, *(k.value for k in class_.keywords), *class_.decorator_list]
    return any("singleton" in file.source(part).lower() for part in around)
