"""SEC106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.flow.origins import Origin
    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_JSON_FIELDS = {"outcomes", "outcomePrices", "clobTokenIds"}
"""Fields of Polymarket's answers that hold JSON as text."""


@rule(
    "SEC106",
    on=ast.Call,
    calls=("eval", "exec", "literal_eval"),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S307", "ruff:S102", "bandit:B307", "bandit:B102", "codeql:py/code-injection"),
)
def dangerous_eval(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """Text from outside is run as Python.

    `eval` of what a client or another service sent runs their code with the rights of this
    process. JSON is read by `json.loads`; `ast.literal_eval` fails on its `null` and `true`.

    ```python
    import json


    def token_ids(market: dict[str, str]) -> list[str]:
        return eval(market["clobTokenIds"])  # finding: critical


    def prices(market: dict[str, str]) -> list[str]:
        return json.loads(market["outcomePrices"])
    ```

    ```python fixed
    import json


    def token_ids(market: dict[str, str]) -> list[str]:
        return json.loads(market["clobTokenIds"])


    def prices(market: dict[str, str]) -> list[str]:
        return json.loads(market["outcomePrices"])
    ```

    Text from the program itself is fine:

    ```python
    import ast

    LIMITS = ast.literal_eval("{'a': 1}")
    TOTAL = eval("1 + 2")
    ```
    """
    name = file.qualified_name(call.func)
    if (
        name not in {"eval", "exec", "ast.literal_eval", "builtins.eval", "builtins.exec"}
        or not call.args
    ):
        return
    given = call.args[0]
    origin = flow_of(file).origin(given, "code")
    if name == "ast.literal_eval":
        yield from _literal(call, given, origin, file)
    elif origin is not None and origin.kind != "parameter":
        yield _runs(call, name, f"{origin.label()}", file, origin)
    elif _is_api_field(given):
        yield _runs(call, name, f"the API's field `{ast.unparse(given)}`", file, origin)
    elif (
        origin is not None
        and isinstance(given, ast.Name)
        and origin.name == given.id
        and file.kind is FileKind.CODE
        and name.endswith("eval")
    ):
        yield Problem(
            call,
            f"`{name}()` runs whatever the callers of `{origin.place}` pass as `{origin.name}`."
            " Parse it, or look it up in a table.",
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )


def _runs(call: ast.Call, name: str, what: str, file: SourceFile, origin: Origin | None) -> Problem:
    return Problem(
        call,
        f"`{name}()` runs {what} as Python: whoever sends it controls this process. Use `json.loads`.",
        fix=_json(call, file),
        trace=origin.trace if origin else (),
    )


def _literal(
    call: ast.Call, given: ast.expr, origin: Origin | None, file: SourceFile
) -> Iterator[Problem]:
    if not _is_api_field(given) and (origin is None or origin.kind == "parameter"):
        return
    yield Problem(
        call,
        "`literal_eval` fails on JSON's `null`, `true` and `false`. Use `json.loads` for text from an API.",
        fix=_json(call, file),
        severity=Severity.WARNING,
    )


def _json(call: ast.Call, file: SourceFile) -> Fix | None:
    if "json" not in file.imported_modules or len(call.args) != 1:
        return None
    return fixes.expression(f"json.loads({file.source(call.args[0])})")


def _is_api_field(node: ast.expr) -> bool:
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key in _JSON_FIELDS
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
            return key in _JSON_FIELDS
        case _:
            return False
