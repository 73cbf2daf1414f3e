"""API209."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_RETIRED = "py_clob_client"


@rule("API209", on=ast.Module, severity=Severity.WARNING, silent_in=(FileKind.TEST,))
def polymarket_retired_client(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """The first version of Polymarket's client signs orders that are not accepted any more.

    Since the change to CLOB v2 on 28 April 2026 the order's fields and its collateral differ.
    Use `py-clob-client-v2`, or the official `polymarket-client`, which is asynchronous as well.

    ```python
    from py_clob_client.client import ClobClient  # finding
    from py_clob_client.clob_types import OrderArgs

    client = ClobClient("https://clob.polymarket.com")
    ```

    The second version is fine:

    ```python
    from py_clob_client_v2.client import ClobClient

    client = ClobClient("https://clob.polymarket.com")
    ```
    """
    if _RETIRED not in file.text or _is_its_own(file):
        return
    for statement in _imports(file):
        yield Problem(
            statement,
            "`py_clob_client` is version 1: since April 2026 production refuses the orders that it"
            " signs. Use `py_clob_client_v2` or `polymarket-client`.",
        )
        return


def _is_its_own(file: SourceFile) -> bool:
    """Whether this is the project of the client itself, or a copy of it."""
    if file.module.split(".")[0] == _RETIRED:
        return True
    return file.project is not None and f"{_RETIRED}.client" in file.project.modules


def _imports(file: SourceFile) -> list[ast.stmt]:
    """The imports of the retired client, in the order of the text."""
    found: list[ast.stmt] = [
        statement
        for statement in file.of(ast.ImportFrom)
        if not statement.level and (statement.module or "").split(".")[0] == _RETIRED
    ]
    found += [
        statement
        for statement in file.of(ast.Import)
        if any(alias.name.split(".")[0] == _RETIRED for alias in statement.names)
    ]
    return sorted(found, key=lambda statement: statement.lineno)
