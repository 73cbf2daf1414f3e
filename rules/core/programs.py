"""Programs that somebody runs at a terminal, told by their place, their name and their main guard."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind

if TYPE_CHECKING:
    from rules.core.source import SourceFile

_COMMAND_LINE = {
    "cli",
    "cmd",
    "cmds",
    "command",
    "commands",
    "command_line",
    "management",
    "__main__",
}
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


def is_program(file: SourceFile) -> bool:
    """Whether the file is a script of one's own, where an idle loop harms nobody else."""
    if file.kind in {FileKind.SCRIPT, FileKind.MIGRATION}:
        return True
    return is_command_line(file.path)


def is_command_line(path: str) -> bool:
    """Whether a path says that what stands there is started by a person."""
    parts = path.removesuffix(".py").split("/")
    return not _COMMAND_LINE.isdisjoint((*parts, parts[-1].strip("_")))
