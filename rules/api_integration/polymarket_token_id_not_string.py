"""API202."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.api_integration.polymarket import is_about_polymarket
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.tables.polymarket import TOKEN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_COLUMNS = {"Column", "mapped_column"}
_INTEGERS = {"Integer", "BigInteger", "SmallInteger", "INTEGER", "BIGINT", "Float", "Numeric"}
_SQL = re.compile(
    r"\b((?:clob_|yes_|no_)?(?:token_id|asset_id))\s+(INTEGER|INT|BIGINT|REAL|NUMERIC)\b",
    re.IGNORECASE,
)
_MODELS = ("pydantic.BaseModel", "sqlmodel.SQLModel", "BaseModel", "SQLModel")


@rule("API202", on=ast.Module, severity=Severity.CRITICAL, silent_in=(FileKind.TEST,))
def polymarket_token_id_not_string(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A token id is kept as a number, and it does not fit.

    Token ids are 256-bit numbers of about 77 digits. SQLite's INTEGER and a BIGINT hold 64 bits;
    a larger number is refused, or becomes a float and another id. Keep the text that the API sends.

    ```python
    from pydantic import BaseModel
    from sqlalchemy import BigInteger
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    CLOB = "https://clob.polymarket.com"


    class Base(DeclarativeBase):
        pass


    class Position(Base):
        __tablename__ = "positions"

        token_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # finding


    class Order(BaseModel):
        token_id: int  # finding


    SCHEMA = "CREATE TABLE trades (asset_id INTEGER NOT NULL, price TEXT)"  # finding
    ```

    As text, or as a number where a contract is called:

    ```python
    from pydantic import BaseModel

    CLOB = "https://clob.polymarket.com"


    class Order(BaseModel):
        token_id: str


    SCHEMA = "CREATE TABLE trades (asset_id TEXT NOT NULL, price TEXT)"


    def balance(contract, owner: str, token_id: str) -> int:
        return contract.functions.balanceOf(owner, int(token_id)).call()
    ```
    """
    if not is_about_polymarket(file):
        return
    for field in file.of(ast.AnnAssign):
        if isinstance(file.parent(field), ast.ClassDef) and _is_token(field.target):
            yield from _field(field, file)
    for statement in file.of(ast.Assign):
        if _is_token(statement.targets[0]) and _is_number_column(statement.value):
            yield _column(statement, file.source(statement.targets[0]))
    for text in file.of(ast.Constant):
        is_prose = isinstance(file.parent(text), ast.Expr)
        if isinstance(text.value, str) and not is_prose and "CREATE" in text.value.upper():
            for found in _SQL.finditer(text.value):
                yield Problem(
                    text,
                    f"Column `{found[1]}` is `{found[2].upper()}`, but a token id has 256 bits and an"
                    " integer column 64. Make it `TEXT`.",
                )


def _is_token(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and TOKEN_ID.match(node.id) is not None


def _field(field: ast.AnnAssign, file: SourceFile) -> Iterator[Problem]:
    name = file.source(field.target)
    if field.value is not None and _is_number_column(field.value):
        yield _column(field, name)
        return
    class_ = file.enclosing_class(field)
    annotation = file.source(field.annotation)
    kept = "Mapped[" in annotation or (
        class_ is not None
        and any((file.qualified_name(base) or "").endswith(_MODELS) for base in class_.bases)
    )
    if not kept:
        return
    if re.search(r"\b(int|float)\b", annotation) and "str" not in annotation:
        yield Problem(
            field,
            f"`{name}` is an `{annotation}`, but a token id has about 77 digits: JSON clients and"
            " databases round or refuse it. Make it `str`.",
        )


def _is_number_column(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call) or _last(value.func) not in _COLUMNS:
        return False
    return any(
        _last(argument.func if isinstance(argument, ast.Call) else argument) in _INTEGERS
        for argument in value.args
    )


def _column(node: ast.AST, name: str) -> Problem:
    return Problem(
        node,
        f"Column `{name}` holds a number, but a token id has 256 bits and does not fit. Make it"
        " `String(80)`.",
    )


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
