"""Python's garbage collector during a review: it would take a third of the time, and find little.

A syntax tree is some hundred thousand objects without a cycle, so what is dropped goes by itself.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def collector_off() -> Generator[None]:
    """No collection by itself inside this block."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def set_aside() -> Generator[None]:
    """What is alive now is not looked at by the collections inside this block."""
    is_first = gc.get_freeze_count() == 0
    gc.freeze()
    try:
        yield
    finally:
        if is_first:
            gc.unfreeze()
