"""A review for people at a terminal: code frames, paths of calls, suggestions as differences.

What comes from the code under review is shown with its control characters written out, so that it
cannot move the cursor or hide anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from rules.core.change import UnreadableFileError
from rules.core.decoding import UnreadableTextError, decode
from rules.core.report.markdown import visible
from rules.core.rule import Severity

if TYPE_CHECKING:
    from rules.core.findings import Finding, Suggestion
    from worker.cli.checking import Reviewed

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.SUGGESTION: "bold green",
}
_MOST_LINES = 6
_MOST_STEPS = 10
_WIDEST = 160


def show(reviewed: Reviewed) -> None:
    """Print every finding, each with the code it is about."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    sources: dict[str, list[str]] = {}
    for finding in reviewed.review.findings:
        if finding.path not in sources:
            sources[finding.path] = _lines(reviewed, finding.path)
        console.print(_text(finding, sources[finding.path], _shown_path(reviewed, finding.path)))


def show_markdown(text: str) -> None:
    """Print Markdown, rendered when people read it and as it is when a program does."""
    console = Console(highlight=False)
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(text))
    else:
        print(text, end="")


def _lines(reviewed: Reviewed, path: str) -> list[str]:
    try:
        return decode(reviewed.tree.read(path)).splitlines()
    except (UnreadableFileError, UnreadableTextError):
        return []


def _shown_path(reviewed: Reviewed, path: str) -> str:
    """The path as seen from here, so that a terminal can open it."""
    absolute, here = reviewed.root.absolute() / path, Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else path


def _text(finding: Finding, lines: list[str], path: str) -> Text:
    style = _STYLES[finding.severity]
    text = Text()
    text.append(f"{visible(path)}:{finding.line}:{finding.column}", "bold")
    text.append(f"  {finding.severity}", style)
    text.append(f"  {finding.rule} {finding.name}\n", "cyan")
    text.append(f"  {visible(finding.message)}\n", "default")
    _add_frame(text, finding, lines, style)
    for number, step in enumerate(finding.trace[:_MOST_STEPS], 1):
        place = f"{visible(step.path)}:{step.line}"
        text.append(f"    {number}. {place}  {visible(step.message)}\n", "dim")
    if finding.cause:
        place = f"{visible(finding.cause.path)}:{finding.cause.line}"
        text.append(f"    because of the change at {place}\n", "dim")
    if finding.fix:
        _add_difference(text, finding.fix, lines)
    return text


def _add_frame(text: Text, finding: Finding, lines: list[str], style: str) -> None:
    first = max(1, finding.line - 1)
    last = min(len(lines), max(finding.end_line, finding.line), finding.line + _MOST_LINES)
    for number in range(first, last + 1):
        text.append(f"  {number:5} | ", "dim")
        text.append(f"{_plain(lines[number - 1])}\n", "default")
        if number == finding.line:
            start, width = _caret(finding, lines[number - 1])
            text.append("        | ", "dim")
            text.append(f"{' ' * start}{'^' * width}\n", style)


def _caret(finding: Finding, line: str) -> tuple[int, int]:
    """Where the flagged code begins and how wide it is, in terminal cells."""
    before, rest = line[: finding.column - 1], line[finding.column - 1 :].rstrip()
    code = finding.code.split("\n", 1)[0]
    flagged = code if code and rest.startswith(code) else rest
    return cell_len(_plain(before)), max(1, cell_len(_plain(flagged)))


def _add_difference(text: Text, fix: Suggestion, lines: list[str]) -> None:
    text.append("  suggestion:\n", "dim")
    for line in lines[fix.start_line - 1 : fix.end_line]:
        text.append(f"        - {_plain(line)}\n", "red")
    for line in fix.replacement.splitlines():
        text.append(f"        + {_plain(line)}\n", "green")


def _plain(line: str) -> str:
    """A line of code with its spaces, tabs as four cells, control characters written out."""
    words = line.expandtabs(4).split(" ")
    return " ".join(visible(word) if word else "" for word in words)[:_WIDEST]
