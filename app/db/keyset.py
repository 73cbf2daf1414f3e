"""Lists are gone through by the last row shown: however deep, the same number of rows is read."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

LAST = 2**62
"""Above every id and number."""


def below(column: InstrumentedAttribute[int], before: int | None) -> ColumnElement[bool]:
    """What comes after the row of that number in a list of the newest first; None for all."""
    return column < (LAST if before is None else before)
