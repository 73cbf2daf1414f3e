"""Programs that somebody runs once at a terminal, told by their name and their main guard."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_TOOL = re.compile(
    r"(check|get|reset|fix|migrate|update|debug|create|seed|set_?up|add|inspect|example|demo|show|list|generate|"
    r"verify|change|export|import|backfill|clean_?up)_\w+\.py$"
)


def is_tool(file: SourceFile) -> bool:
    """Whether the file's name says what somebody does with it at a terminal, once."""
    return _TOOL.match(file.path.rpartition("/")[2]) is not None and has_main(file)


def has_main(file: SourceFile) -> bool:
    """Whether the file can be run: it has an `if __name__ == "__main__":`."""
    return any(
        isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in file.tree.body
    )
