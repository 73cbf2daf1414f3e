"""Waits between attempts that come out the same for every client."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.api_integration.retries import RetryLoop
    from rules.core.source import SourceFile

_STEADY = {"tenacity.wait_exponential", "tenacity.wait_fixed", "tenacity.wait_incrementing"}
_RANDOM = re.compile(r"random|jitter|uniform|secrets", re.IGNORECASE)


def is_served(file: SourceFile) -> bool:
    """Whether the code runs in a service, where many requests fail at the same moment."""
    if file.imports("fastapi", "starlette"):
        return True
    return file.project is not None and bool(file.project.handlers)


def is_steady(wait: ast.expr, file: SourceFile) -> bool:
    """Whether tenacity's `wait` has no random part."""
    return isinstance(wait, ast.Call) and file.qualified_name(wait.func) in _STEADY


def steady_growth(sleep: ast.Call, found: RetryLoop, file: SourceFile) -> bool:
    """Whether a pause is a power of the number of the attempt and nothing else."""
    if not sleep.args or _RANDOM.search(file.source(found.loop)):
        return False
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Pow, ast.LShift))
        for node in file.within(sleep.args[0])
    )
