"""SQL121."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_MONEY = re.compile(
    r"(^|_)(price|balance|amount|fees?|pnl|profit|notional|stake|payout|cash|salary|deposit"
    r"|withdrawal|refund|wallet_balance|collateral|equity|usdc?|eur|proceeds|debit|credit)$",
    re.IGNORECASE,
)
_NOT_MONEY = re.compile(
    r"(pct|percent|ratio|score|change|rate|avg|mean|std|estimate|predict)", re.IGNORECASE
)
_TABLE = re.compile(
    r"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?([\w.\"`]+)\s*\((.*)", re.IGNORECASE | re.DOTALL
)
_NEXT_TABLE = re.compile(r"(?=\bcreate\s+table\b)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")
_PASSING = re.compile(r"(^|_)(tmp|temp|new|old|backup)(_|\b|$)", re.IGNORECASE)
"""Tables in which a migration keeps rows while it rebuilds another."""
_OBSERVED = re.compile(
    r"histor|snapshot|stats?$|stats_|statistic|log$|logs$|_log_|ranking|signal|candle|ohlc|kline|quote|tick|back_?test|observ|metric"
    r"|report|analy|summar|market_?data|^markets?$|^prices?$|cache|predict|forecast|recommend|opportunit|simulat|shadow|blocked|decision|equity_curve"
    r"|paper_|estimat|sample|measure|experiment|replay",
    re.IGNORECASE,
)
"""Tables of what was seen, computed or tried: nothing is owed by what stands in them."""
_RESEARCH = re.compile(r"(^|[/_])(recorder|research|back_?test(s|ing)?|simulat\w*|replay)([/_.]|$)")
_COLUMN = re.compile(r"[(,]\s*[\"`]?(\w+)[\"`]?\s+(real|float|double)\b", re.IGNORECASE)
_FLOATS = {"Float", "REAL", "Double", "DOUBLE", "FLOAT", "Double_PRECISION"}


@rule(
    "SQL121",
    on=(ast.ClassDef, ast.Module),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
)
def money_as_float(node: ast.ClassDef | ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Money stored as a floating-point number loses cents: `0.1 + 0.2` is not `0.3`.

    Sums drift, equality fails, and what was once rounded cannot be told from a true value. Store
    integers of the smallest unit (cents, 10⁻⁶ USDC), or decimals as text or `Numeric`. Reported
    once for each table.

    ```python
    SCHEMA = "CREATE TABLE trades (id INTEGER PRIMARY KEY, price REAL NOT NULL)"  # finding
    ```

    Models of SQLAlchemy and SQLModel:

    ```python
    from sqlalchemy import Column, Float, Integer
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
    from sqlmodel import Field, SQLModel


    class Base(DeclarativeBase): ...


    class Account(Base):
        __tablename__ = "accounts"
        id: Mapped[int] = mapped_column(primary_key=True)
        balance: Mapped[float]  # finding


    class Trade(Base):
        __tablename__ = "trades"
        id = Column(Integer, primary_key=True)
        price = Column(Float)  # finding


    class Order(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        amount: float  # finding
    ```

    Exact types, measures that are no money, and models that are not stored:

    ```python
    from decimal import Decimal

    from pydantic import BaseModel
    from sqlalchemy import Numeric
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase): ...


    class Account(Base):
        __tablename__ = "accounts"
        id: Mapped[int] = mapped_column(primary_key=True)
        balance: Mapped[Decimal] = mapped_column(Numeric(18, 6))
        score: Mapped[float]
        price_change_pct: Mapped[float]


    class Answer(BaseModel):
        price: float
    ```
    """
    if _RESEARCH.search(file.path):
        return
    if isinstance(node, ast.Module):
        for text in file.texts if "table" in file.lowered else ():
            yield from _in_schema(text)
    elif file.imports("sqlalchemy", "sqlmodel"):
        yield from _in_model(node, file)


def _in_schema(text: ast.Constant) -> Iterator[Problem]:
    if not isinstance(text.value, str) or len(text.value) < 20 or "(" not in text.value:
        return
    for table in _NEXT_TABLE.split(_COMMENT.sub("", text.value)):
        found = _TABLE.match(table)
        if found is None or _PASSING.search(found[1]) or _OBSERVED.search(found[1].strip('"`')):
            continue
        columns = [name for name, _ in _COLUMN.findall("(" + found[2]) if _is_money(name)]
        if columns:
            yield Problem(text, _message(found[1], columns))
            return


def _in_model(class_: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    if _OBSERVED.search(class_.name):
        return
    columns: list[tuple[str, ast.stmt]] = []
    stored = any(keyword.arg == "table" for keyword in class_.keywords)
    for statement in class_.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                is_float = _is_column(call) and _has_float(call)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                is_float = _is_float(annotation, value, stored=stored, file=file)
            case _:
                continue
        if is_float and _is_money(name):
            columns.append((name, statement))
    if columns:
        yield Problem(columns[0][1], _message(class_.name, [name for name, _ in columns]))


def _is_float(
    annotation: ast.expr, value: ast.expr | None, *, stored: bool, file: SourceFile
) -> bool:
    text = file.source(annotation)
    match value:
        case ast.Call(func=function, args=[_, column]) if _last(function) == "cast":
            value = column  # What the type checker is told, around the column.
        case _:
            pass
    if isinstance(value, ast.Call) and _is_column(value) and value.args:
        return _has_float(value) if "Mapped" in text else False
    if re.search(r"\bMapped\[.*\bfloat\b", text):
        return True
    return (
        stored
        and re.search(r"\bfloat\b", text) is not None
        and not (isinstance(value, ast.Call) and "sa_" in file.source(value))
    )


def _is_column(call: ast.Call) -> bool:
    return _last(call.func) in {"Column", "mapped_column"}


def _has_float(call: ast.Call) -> bool:
    return any(
        _last(argument.func if isinstance(argument, ast.Call) else argument) in _FLOATS
        for argument in call.args
    )


def _is_money(name: str) -> bool:
    return bool(_MONEY.search(name)) and not _NOT_MONEY.search(name)


def _message(table: str, columns: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in columns[:4]) + (" …" if len(columns) > 4 else "")
    return (
        f"`{table}` keeps money as floating point ({shown}): sums drift and equality fails."
        " Store integers of the smallest unit, or `Numeric`/decimal text."
    )


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
