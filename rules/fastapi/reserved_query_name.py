"""FAS120."""

from __future__ import annotations

import ast
import keyword as words
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.fastapi.answers import is_fastapi_route, is_open, keyword
from rules.fastapi.signature_edits import with_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_PLAIN = {
    "str", "int", "float", "bool", "list", "datetime.datetime", "datetime.date", "uuid.UUID",
    "decimal.Decimal", "typing.Literal",
}  # fmt: skip
_MARKERS = {
    "fastapi.Query",
    "fastapi.params.Query",
    "fastapi.Header",
    "fastapi.Form",
    "fastapi.Cookie",
}


@rule("FAS120", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def reserved_query_name(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A query parameter named like a word of Python has its underscore in the URL too.

    `from_` without an alias is read from `?from_=...`. Clients that send `?from=...` get the
    default, and nothing says so. TradingView's `/history` sends `from`.

    ```python
    from fastapi import FastAPI, Query

    app = FastAPI()


    @app.get("/history")
    async def history(symbol: str, to: int, from_: int = Query(0)) -> str:  # finding
        return symbol
    ```

    ```python fixed
    from fastapi import FastAPI, Query

    app = FastAPI()


    @app.get("/history")
    async def history(symbol: str, to: int, from_: int = Query(0, alias="from")) -> str:
        return symbol
    ```

    Also without a marker:

    ```python
    from fastapi import FastAPI, Query

    app = FastAPI()


    @app.get("/history")
    async def history(from_: int) -> int:  # finding
        return from_
    ```

    ```python fixed
    from fastapi import FastAPI, Query

    app = FastAPI()


    @app.get("/history")
    async def history(from_: int = Query(alias="from")) -> int:
        return from_
    ```

    With an alias it is fine, and so is an underscore after another word:

    ```python
    from typing import Annotated

    from fastapi import FastAPI, Query

    app = FastAPI()


    @app.get("/history")
    async def history(
        from_: Annotated[int, Query(alias="from")], type_: str = ""
    ) -> str: ...
    ```
    """
    for route in file.routes:
        if is_fastapi_route(route):
            yield from _reserved(route, file)


def _reserved(route: Route, file: SourceFile) -> Iterator[Problem]:
    for argument, default in parameters(route.function):
        name = argument.arg.removesuffix("_")
        if name == argument.arg or not words.iskeyword(name):
            continue
        if "{" + argument.arg in (route.path or "{" + argument.arg):
            continue
        marker = _marker(argument, default, file)
        if marker is not None and (is_open(marker) or keyword(marker, "alias") is not None):
            continue
        if marker is None and not _is_query(argument, default, file):
            continue
        yield _problem(argument, default, marker, file)


def _marker(argument: ast.arg, default: ast.expr | None, file: SourceFile) -> ast.Call | None:
    """The `Query(...)` of a parameter, in its default or in `Annotated`."""
    nodes = [default] if default is not None else []
    if isinstance(argument.annotation, ast.Subscript):
        nodes += [n for n in ast.walk(argument.annotation) if isinstance(n, ast.expr)]
    for node in nodes:
        if isinstance(node, ast.Call) and file.qualified_name(node.func) in _MARKERS:
            return node
    return None


def _is_query(argument: ast.arg, default: ast.expr | None, file: SourceFile) -> bool:
    if default is not None and not isinstance(default, ast.Constant):
        return False
    return file.annotation(argument.annotation) in _PLAIN


def _problem(
    argument: ast.arg, default: ast.expr | None, marker: ast.Call | None, file: SourceFile
) -> Problem:
    name = argument.arg.removesuffix("_")
    text = f"Clients must send `?{argument.arg}=`: `{argument.arg}` has no alias, so `?{name}=` is ignored."
    if marker is not None:
        fix = with_keyword("alias", f'"{name}"')
        return Problem(marker, f'{text} Add `alias="{name}"`.', fix=fix)
    return Problem(
        argument,
        f'{text} Declare it as `Query(alias="{name}")`.',
        fix=_with_query(name, default, file) if file.imports("fastapi.Query") else None,
    )


def _with_query(name: str, default: ast.expr | None, file: SourceFile) -> Fix:
    given = f"{file.source(default)}, " if default is not None else ""

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Param):
            return None
        value = cst.parse_expression(f'Query({given}alias="{name}")')
        return node.with_changes(default=value, equal=cst.AssignEqual())

    return rewrite
