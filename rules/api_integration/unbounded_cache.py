"""API107."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.caches import DictCache, dict_caches
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_AGE = re.compile(r"ttl|expir|timestamp|time\(\)|\bnow|monotonic\(\)", re.IGNORECASE)
_FEW = re.compile(r"^(bool|type|Type|Literal|.*(Enum|Type|Kind|Mode|Class))\b")
_MANY = re.compile(
    r"(^|_)(id|ids|slug|slugs|query|q|url|symbol|symbols|ticker|token|user|username|email|text|"
    r"prompt|address|key|hash|search|term|terms|city|question|market|title|params)"
    r"(_str)?$"
)
_SYMBOL = re.compile(r"(^|_)(symbols?(_str)?|coin_?id|coingecko_id)$")
_PROGRAM = re.compile(
    r"(^|_)(queue|config|engine|path|file|dialect|locale|lang|station|version|env|model|field|"
    r"column|table|class|type|module|tool|template|provider|plugin|key_name)(_|$)"
)


@rule(
    "API107",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def unbounded_cache(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A dictionary is used as a cache, and nothing ever leaves it.

    Each new key stays until the process ends, so memory grows with the number of different
    requests; a client that varies its parameters can fill it on purpose. Bound it:
    `cachetools.TTLCache(maxsize=…, ttl=…)`, `functools.lru_cache(maxsize=…)`, or delete the
    oldest item when it is full.

    ```python
    import httpx

    _cache: dict[str, str] = {}


    async def market(client: httpx.AsyncClient, slug: str) -> str:
        if slug not in _cache:
            response = await client.get("/markets", params={"slug": slug})
            _cache[slug] = response.raise_for_status().text  # finding: warning
        return _cache[slug]
    ```

    A cache that knows which items are too old but keeps them is a suggestion:

    ```python
    import time


    class TTLCache:
        def __init__(self) -> None:
            self._cache = {}

        def get(self, key: str) -> object:
            value, stored = self._cache[key]
            return value if time.monotonic() - stored < 60 else None

        def set(self, key: str, value: object) -> None:
            self._cache[key] = (value, time.monotonic())  # finding: suggestion
    ```

    Something that makes room is enough, whatever it is:

    ```python
    _cache: dict[str, str] = {}


    def remember(slug: str, text: str) -> None:
        if len(_cache) > 1000:
            _cache.clear()
        _cache[slug] = text
    ```

    Keys from the program itself are few:

    ```python
    _schema_cache: dict[type, str] = {}
    _settings_cache: dict[str, str] = {}


    def schema(model: type) -> str:
        _schema_cache[model] = str(model)
        _settings_cache["theme"] = "dark"
        return _schema_cache[model]
    ```
    """
    for cache in dict_caches(file):
        if cache.removals:
            continue
        store = next((item for item in cache.stores if _key_varies(item, file)), None)
        if store is None or "maxsize" in file.source(file.statement(store)):
            continue
        knows_age = _AGE.search(file.source(file.statement(store)).partition("=")[2])
        if cache.owner is None and not knows_age:
            yield _module_level(cache, store, file)
        elif knows_age and not _is_per_symbol(store, file):
            yield Problem(
                store,
                f"`{cache.shown}` tells which items are too old but deletes none, so it grows with"
                " every new key. Delete expired items, or use `cachetools.TTLCache(maxsize, ttl)`.",
                severity=Severity.SUGGESTION,
            )


def _module_level(cache: DictCache, store: ast.Subscript, file: SourceFile) -> Problem:
    return Problem(
        store,
        f"`{cache.name}` keeps every `{ast.unparse(store.slice)[:40]}` until the process ends."
        " Bound it: `cachetools.TTLCache(maxsize=…, ttl=…)` or `lru_cache(maxsize=…)`.",
        severity=Severity.SUGGESTION if _is_of_what_exists(store, file) else None,
        confidence=Confidence.HIGH if cache.name.startswith("_") else Confidence.MEDIUM,
    )


def _is_of_what_exists(store: ast.Subscript, file: SourceFile) -> bool:
    """Whether only what was found is kept, as under `if row:`: there is an end to that."""
    around = file.parent(file.statement(store))
    match around.test if isinstance(around, ast.If) else None:
        case ast.Name() | ast.Compare(ops=[ast.IsNot()], left=ast.Name()):
            return True
        case _:
            return False


def _key_varies(store: ast.Subscript, file: SourceFile) -> bool:
    """Whether the key comes from an argument that can have many values."""
    function = file.enclosing_function(store)
    if function is None:
        return False
    given = {argument.arg: argument for argument, _ in parameters(function)}
    return any(
        _is_many(given[name], file) for name in _names(store.slice, function, file) if name in given
    )


def _is_per_symbol(store: ast.Subscript, file: SourceFile) -> bool:
    """Whether each key is replaced when it is old, and there are as many as an exchange lists."""
    function = file.enclosing_function(store)
    if function is None:
        return False
    given = {argument.arg: argument for argument, _ in parameters(function)}
    many = {
        name
        for name in _names(store.slice, function, file)
        if name in given and _is_many(given[name], file)
    }
    return bool(many) and all(_SYMBOL.search(name) for name in many)


def _is_many(argument: ast.arg, file: SourceFile) -> bool:
    if argument.arg == "key" and not file.enclosing_class(argument):
        return False  # A setter of anything: what the keys are, its callers say.
    if not _MANY.search(argument.arg) or _PROGRAM.search(argument.arg):
        return False
    annotation = file.source(argument.annotation) if argument.annotation is not None else ""
    return not _FEW.match(annotation) and "Callable" not in annotation


def _names(key: ast.expr, function: FunctionNode, file: SourceFile) -> set[str]:
    """The names in a key, and in what the variables in it were made of."""
    found: set[str] = set()
    for node in file.within(key):
        if not isinstance(node, ast.Name):
            continue
        found.add(node.id)
        for value in file.values(node):
            if file.enclosing_function(value) is function:
                found |= {inner.id for inner in file.within(value) if isinstance(inner, ast.Name)}
    return found
