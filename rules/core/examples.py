"""The examples in a rule's documentation and in its case files, read so that they can be run.

A fenced ```python block is one example. Exactly the lines that end in `# finding` are reported;
`# finding: warning` also says the severity and `# finding x2` that there are two. The block
after it with the info string `python fixed` is what it becomes when the suggestions are applied.
A first line `# path: app/db.py`, or a path in the info string, says where the file lives; blocks
with paths that follow each other without text between them are one project.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.core.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`]*)$")
_MARKER = re.compile(
    r"[ \t]*# finding(?: x(?P<times>\d+))?(?:: (?P<severity>critical|warning|suggestion))?$"
)
_PATH = re.compile(r"^# path: (?P<path>\S+)$", re.MULTILINE)
_DEFAULT_PATH = "app/example.py"


@dataclass(frozen=True, slots=True)
class Expected:
    """A line (1-based) that must be reported, `times` times, with this severity if it is given."""

    line: int
    times: int = 1
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """One file of an example: its text without the markers, and what they said."""

    path: str
    text: str
    expected: tuple[Expected, ...] = ()
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """Files that are analysed together. `line` is where the example begins in its document."""

    title: str
    line: int
    files: tuple[ExampleFile, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether anything in it is reported."""
        return any(file.expected for file in self.files)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its info string, its text, and the prose between it and the one before."""

    info: tuple[str, ...]
    text: str
    line: int
    prose: str

    @property
    def path(self) -> str | None:
        """The path that the info string or the first line gives to the block."""
        named = next((word for word in self.info[1:] if "." in word), None)
        first = _PATH.match(self.text)
        return named or (first["path"] if first else None)


def parse(document: str) -> tuple[Example, ...]:
    """The examples of a docstring or a Markdown file, in their order."""
    examples: list[Example] = []
    title = ""
    for block in blocks(document):
        title = _title(block.prose) or title
        if block.info[:1] != ("python",) and block.path is None:
            continue
        if "fixed" in block.info:
            examples[-1] = _with_fixed(examples[-1], block)
        elif block.path and not block.prose and examples and _is_project(examples[-1]):
            examples[-1] = replace(examples[-1], files=(*examples[-1].files, _file(block)))
        else:
            examples.append(Example(title, block.line, (_file(block),)))
    return tuple(examples)


def blocks(document: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text."""
    prose: list[str] = []
    inside: list[str] | None = None
    opening, info, start = "", (), 0
    for number, line in enumerate(inspect.cleandoc(document).splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside, opening, info, start = [], fence["ticks"], tuple(fence["info"].split()), number
        elif inside is None:
            prose.append(line)
        elif fence and not fence["info"].strip() and len(fence["ticks"]) >= len(opening):
            yield Block(info, "".join(f"{text}\n" for text in inside), start, _paragraphs(prose))
            inside, prose = None, []
        else:
            inside.append(line)


def _paragraphs(lines: list[str]) -> str:
    return "\n".join(lines).strip()


def _title(prose: str) -> str:
    last = prose.rsplit("\n\n", 1)[-1]
    return " ".join(last.split()).lstrip("# ").rstrip(":")


def _is_project(example: Example) -> bool:
    return all(file.path != _DEFAULT_PATH for file in example.files)


def _file(block: Block) -> ExampleFile:
    lines: list[str] = []
    expected: list[Expected] = []
    for number, line in enumerate(block.text.splitlines(), 1):
        if marker := _MARKER.search(line):
            severity = Severity(marker["severity"]) if marker["severity"] else None
            expected.append(Expected(number, int(marker["times"] or 1), severity))
        lines.append(_MARKER.sub("", line))
    text = "".join(f"{line}\n" for line in lines)
    return ExampleFile(block.path or _DEFAULT_PATH, text, tuple(expected))


def _with_fixed(example: Example, block: Block) -> Example:
    path = block.path or next((f.path for f in example.files if f.expected), example.files[0].path)
    files = (replace(f, fixed=block.text) if f.path == path else f for f in example.files)
    return replace(example, files=tuple(files))
