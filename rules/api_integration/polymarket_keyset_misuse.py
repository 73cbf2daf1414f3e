"""API205."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.requests_sent import address, requests_sent
from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_WRONG = {"cursor", "next_cursor", "offset", "page", "nextCursor", "starting_after"}
_PATH = re.compile(r"/(markets|events)/keyset")
_OWN_PATH = re.compile(r"/?(markets|events)/keyset$")
"""The path alone, as a client's own method takes it: `self._get("/markets/keyset", params)`."""
_IN_PATH = re.compile(r"/keyset\?(?:.*&)?(cursor|next_cursor|offset|page)=")


@rule("API205", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def polymarket_keyset_misuse(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A keyset list of Gamma is asked for its next page by a parameter that it does not know.

    `/markets/keyset` and `/events/keyset` answer with `next_cursor`, which goes back as
    `after_cursor`. `cursor` is ignored without a word, so every page is the first one; `offset`
    is rejected.

    ```python
    import httpx


    async def page(client: httpx.AsyncClient, after: str) -> object:
        return await client.get(
            "https://gamma-api.polymarket.com/markets/keyset",
            params={"limit": 100, "cursor": after},  # finding
        )
    ```

    ```python fixed
    import httpx


    async def page(client: httpx.AsyncClient, after: str) -> object:
        return await client.get(
            "https://gamma-api.polymarket.com/markets/keyset",
            params={"limit": 100, "after_cursor": after},
        )
    ```

    The right name, and the older lists that take an offset:

    ```python
    import httpx


    async def page(client: httpx.AsyncClient, after: str) -> None:
        await client.get("/markets/keyset", params={"limit": 100, "after_cursor": after})
        await client.get("/markets", params={"limit": 100, "offset": 100})
    ```
    """
    if "/keyset" not in file.text:
        return
    requests = requests_sent(file)
    for sent in requests:
        where = address(sent, file)
        if not _PATH.search(where):
            continue
        found = _IN_PATH.search(where)
        if found is not None and sent.url is not None:
            yield _problem(sent.url, found[1])
        yield from _wrong_keys(sent.keyword("params"), sent.call, file)
    known = {sent.call for sent in requests}
    for call in file.of(ast.Call):
        given = call.args[0] if call.args else None
        if (
            call not in known
            and isinstance(given, ast.Constant)
            and _OWN_PATH.match(str(given.value))
        ):
            params = file.argument(call, 1, "params")
            yield from _wrong_keys(params, call, file)


def _wrong_keys(params: ast.expr | None, call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    for key in _keys(params, call, file):
        if isinstance(key.value, str) and key.value in _WRONG:
            yield _problem(key, key.value, fix=_renamed(key.value))


def _problem(node: ast.AST, name: str, fix: Fix | None = None) -> Problem:
    told = "is rejected here" if name == "offset" else "is ignored here, so every page is the first"
    return Problem(
        node, f"`{name}` {told}: send the last `next_cursor` as `after_cursor`.", fix=fix
    )


def _renamed(name: str) -> Fix | None:
    return fixes.expression('"after_cursor"') if "ursor" in name else None


def _keys(params: ast.expr | None, call: ast.Call, file: SourceFile) -> Iterator[ast.Constant]:
    """The names of the parameters, those added to the dictionary later included."""
    name = params.id if isinstance(params, ast.Name) else ""
    if isinstance(params, (ast.Name, ast.Attribute)):
        params = file.value(params)
    if isinstance(params, ast.Dict):
        yield from (key for key in params.keys if isinstance(key, ast.Constant))
    function = file.enclosing_function(call)
    for item in file.of(ast.Subscript) if name else ():
        if (
            isinstance(item.ctx, ast.Store)
            and isinstance(item.value, ast.Name)
            and item.value.id == name
            and isinstance(item.slice, ast.Constant)
            and file.enclosing_function(item) is function
        ):
            yield item.slice
