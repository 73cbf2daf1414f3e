"""Finding the command in a comment. Closed: a word that is not in the table is nobody's business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE = 500
"""Characters of a command with its arguments; nothing longer is one."""

_COMMAND = re.compile(r"/([A-Za-z]+)(?:[ \t]+(.*))?")
_REPLY = re.compile(r"dismiss[ \t]*:(.*)", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)")
_QUOTE = re.compile(r" {0,3}>")


@dataclass(frozen=True, slots=True)
class Words:
    """A line that looks like a command: `/name arguments`, the name in lower case."""

    name: str
    arguments: str


def first_command(body: str) -> Words | None:
    """The command that a comment starts with, None when it starts with anything else.

    Quotes (with the lines that continue them), code blocks and blank lines before it are passed
    over: nobody gives a command by quoting one or by showing how it is written.
    """
    line = next(_said(body), "").strip()
    found = _COMMAND.fullmatch(line) if len(line) <= LONGEST_LINE else None
    if found is None:
        return None
    return Words(found[1].lower(), " ".join((found[2] or "").split()))


def dismissal_in(body: str) -> str | None:
    """What follows `dismiss:` in an answer that starts with it, None for any other answer."""
    line = next(_said(body), "").strip()
    found = _REPLY.fullmatch(line) if len(line) <= LONGEST_LINE else None
    return None if found is None else " ".join(found[1].split())


def _said(body: str) -> Iterator[str]:
    """The lines of a comment that are the author's own prose."""
    fence = ""
    quoted = False
    for line in body.splitlines():
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif opened := _FENCE.match(line):
            fence, quoted = opened[1], False
        elif not line.strip():
            quoted = False
        elif _QUOTE.match(line):
            quoted = True
        elif not quoted and not _INDENTED.match(line):
            yield line


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and set(mark) == {fence[0]}
