"""API301."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.newsapi import news_requests
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CHECKED = re.compile(
    r"raise_for_status|status_code|is_success|\.ok\b|\.status\b|[\"']status[\"']|[\"']code[\"']"
)


@rule("API301", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def newsapi_status_ignored(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Articles are read from an answer of NewsAPI that may be an error.

    A used-up quota or a wrong key comes as `{"status": "error", "code": ..., "message": ...}`:
    there is no `articles` in it, or with `.get` there seem to be no news. Look at `status`, and
    keep `code`, which tells `rateLimited` from `apiKeyInvalid`.

    ```python
    import httpx


    async def headlines(client: httpx.AsyncClient) -> list[dict[str, str]]:
        response = await client.get(
            "https://newsapi.org/v2/top-headlines", params={"country": "us"}
        )
        return response.json().get("articles", [])  # finding
    ```

    Looked at first:

    ```python
    import httpx


    async def headlines(client: httpx.AsyncClient) -> list[dict[str, str]]:
        response = await client.get(
            "https://newsapi.org/v2/top-headlines", params={"country": "us"}
        )
        body = response.json()
        if body.get("status") != "ok":
            raise RuntimeError(body.get("code"))
        return body["articles"]
    ```
    """
    functions = {file.enclosing_function(n.call) for n in news_requests(file) if not n.by_client}
    if not functions:
        return
    for node in (*file.of(ast.Subscript), *file.of(ast.Call)):
        if not _reads_articles(node):
            continue
        function = file.enclosing_function(node)
        if function in functions and not _CHECKED.search(
            file.source(function) if function is not None else file.text
        ):
            functions.discard(function)
            yield Problem(
                node,
                "`articles` is read though the answer may be an error without any: a used-up quota"
                ' looks like no news. Check `status == "ok"` first and keep `code`.',
            )


def _reads_articles(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(slice=ast.Constant(value="articles"), ctx=ast.Load()):
            return True
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value="articles"), *_]):
            return True
        case _:
            return False
