"""Column types that mean the same on SQLite and PostgreSQL."""

import enum
import json
from datetime import UTC, datetime
from typing import cast, override

from sqlalchemy import JSON, BigInteger, DateTime, Enum, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only a column whose type is exactly INTEGER."""
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time. SQLite forgets the zone, so everything is stored as UTC and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value}")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text from anywhere. What no database can hold becomes the replacement character."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """The text without NUL, which PostgreSQL refuses, and without halves of surrogate pairs.

    A path of a git repository may be any bytes and reaches us with such halves.
    """
    whole = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def dump_json(value: object) -> str:
    """JSON that PostgreSQL takes too; see `storable`."""
    return json.dumps(_storable(value), ensure_ascii=False)


def words(kind: type[enum.StrEnum]) -> Enum:
    """A column that holds the values of an enumeration as text, up to 16 characters."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=16, values_callable=_values
    )


def _values(kind: type[enum.StrEnum]) -> list[str]:
    return [member.value for member in kind]


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {storable(key): _storable(item) for key, item in items}
    return value
