"""SEC126."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.core.scopes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_PERMISSION = re.compile(
    r"(is_admin|is_superuser|is_staff|is_owner|owner_id|user_id|has_perm\w*|has_role|\brole\b|permission|can_\w+"
    r"|is_authenticated|is_active|api_key|verify_password|compare_digest)",
)

_NUMBERS = {"int", "float", "decimal.Decimal"}


@rule(
    "SEC126",
    on=ast.Assert,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("ruff:S101", "bandit:B101"),
)
def assert_for_validation(statement: ast.Assert, file: SourceFile) -> Iterator[Problem]:
    """An `assert` guards input or a permission.

    Under `python -O` asserts are not run and the check is gone; otherwise the client gets a 500
    for its own mistake. Raise an `HTTPException`.

    ```python
    from fastapi import APIRouter, Depends

    router = APIRouter()


    def current_user(): ...


    @router.delete("/users/{name}")
    def delete(name: str, amount: int, user=Depends(current_user)):
        assert user.is_admin, "admins only"  # finding
        assert len(name) > 3  # finding
        assert amount > 0  # finding
    ```

    A narrowing for the type checker is fine:

    ```python
    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/users/{name}")
    def show(name: str):
        row = find(name)
        assert row is not None
        assert isinstance(row, dict)
        return row
    ```
    """
    function = file.enclosing_function(statement)
    if function is None or (file.route(function) is None and not file.is_dependency(function)):
        return
    test = ast.unparse(statement.test)
    if _PERMISSION.search(test) and not _is_for_the_type_checker(statement.test):
        yield _problem(statement, "a permission")
    elif _checks_input(statement.test, function, file):
        yield _problem(statement, "what the client sent")


def _problem(statement: ast.Assert, what: str) -> Problem:
    return Problem(
        statement,
        f"This `assert` checks {what}: `python -O` drops it, and the client gets a 500. Raise an"
        " `HTTPException` instead.",
        confidence=Confidence.MEDIUM,
    )


def _checks_input(test: ast.expr, function: FunctionNode, file: SourceFile) -> bool:
    if _narrows(test):
        return False
    flow = flow_of(file)
    numbers = {
        argument.arg
        for argument, default in parameters(function)
        if file.annotation(argument.annotation) in _NUMBERS
        and not isinstance(default, ast.Call)
        and file.route(function) is not None
    }
    names = [node for node in file.within(test) if isinstance(node, ast.Name)]
    return any(node.id in numbers for node in names) or any(
        flow.request_data(node, "log") is not None for node in names
    )


def _is_for_the_type_checker(test: ast.expr) -> bool:
    """`assert (user_id := claims.subject)` and `assert user_id is not None` ask for nothing more."""
    match test:
        case ast.NamedExpr() | ast.Compare(ops=[ast.IsNot()]):
            return True
        case _:
            return False


def _narrows(test: ast.expr) -> bool:
    match test:
        case ast.Name() | ast.Attribute() | ast.Call(func=ast.Name(id="isinstance")):
            return True
        case ast.Compare(ops=[ast.IsNot() | ast.Is()]):
            return True
        case ast.BoolOp(values=values):
            return all(_narrows(value) for value in values)
        case _:
            return False
