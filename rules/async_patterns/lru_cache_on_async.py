"""ASY115."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_CACHES = {
    "functools.lru_cache", "functools.cache", "functools.cached_property", "cachetools.cached",
    "cachetools.cachedmethod", "cachetools.func.ttl_cache", "cachetools.func.lru_cache",
    "methodtools.lru_cache", "django.utils.functional.cached_property",
}  # fmt: skip


@rule("ASY115", on=ast.AsyncFunctionDef, severity=Severity.CRITICAL)
def lru_cache_on_async(function: ast.AsyncFunctionDef, file: SourceFile) -> Iterator[Problem]:
    """`functools.lru_cache` on an `async def` caches the coroutine, not its result.

    A coroutine can be awaited once. The second call with the same arguments gets the spent one
    from the cache and raises `RuntimeError: cannot reuse already awaited coroutine`.

    ```python
    from functools import lru_cache

    from async_lru import alru_cache


    @alru_cache(maxsize=64)
    async def price(token_id: str) -> str: ...


    @lru_cache(maxsize=128)  # finding
    async def title(market_id: str) -> str: ...
    ```

    ```python fixed
    from functools import lru_cache

    from async_lru import alru_cache


    @alru_cache(maxsize=64)
    async def price(token_id: str) -> str: ...


    @alru_cache(maxsize=128)
    async def title(market_id: str) -> str: ...
    ```

    On a plain function it is what it is for:

    ```python
    from functools import cache


    @cache
    def settings() -> dict[str, str]:
        return {}
    ```
    """
    for decorator in function.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = file.qualified_name(inner)
        if name in _CACHES:
            yield Problem(
                decorator,
                f"`{name}` keeps the coroutine of `{function.name}`, which can be awaited only"
                " once: the second call raises `RuntimeError`. Cache the result (`async_lru`).",
                fix=_with_alru(decorator, file),
            )


def _with_alru(decorator: ast.expr, file: SourceFile) -> Fix | None:
    bindings = file.scopes.in_scope(file.tree).get("alru_cache", [])
    if not any(binding.target == "async_lru.alru_cache" for binding in bindings):
        return None
    if not isinstance(decorator, ast.Call):
        return fixes.expression("alru_cache")
    given = [file.source(item) for item in (*decorator.args, *decorator.keywords)]
    return fixes.expression(f"alru_cache({', '.join(given)})")
