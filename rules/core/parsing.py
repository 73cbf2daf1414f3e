"""From text to a syntax tree, with a reason that a reader understands when there is none."""

from __future__ import annotations

import ast
import re
import warnings

_NEW_EXCEPT = re.compile(
    r"^([ \t]*except\*?) ([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)([ \t]*:)", re.MULTILINE
)
_TEMPLATE = re.compile(r"(?<![\w\"'])([rR]?)[tT]([rR]?)(?=[\"'])")
_MAX_FOR_LIBCST = 200_000
_MAX_NESTING = 60


class NotPythonError(Exception):
    """The file could not be read as Python; the message is a reason for the reader."""


def parse(text: str) -> ast.Module:
    """Parse a file, syntax newer than the running Python as far as it can be repaired.

    The repairs (`except A, B:`, template strings) keep every line and all columns that matter.
    Raises `NotPythonError`.
    """
    try:
        return _parsed(text)
    except SyntaxError as error:
        repaired = _repaired(text)
        if repaired != text:
            try:
                return _parsed(repaired)
            except SyntaxError:
                pass
        raise NotPythonError(_reason(text, error)) from error


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError) as error:
        reason = "nested too deeply"
        raise NotPythonError(reason) from error
    except ValueError as error:
        raise NotPythonError(str(error)) from error


def _repaired(text: str) -> str:
    text = _NEW_EXCEPT.sub(r"\1(\2)\3", text)
    return _TEMPLATE.sub(lambda found: f"{found[1]}f{found[2]}", text)


def _reason(text: str, error: SyntaxError) -> str:
    if _libcst_reads(text):
        return "syntax newer than this Python"
    return f"syntax error at line {error.lineno or 1}"


def _libcst_reads(text: str) -> bool:
    """Whether libcst parses what `ast` does not; only asked where it cannot take us down."""
    if len(text) > _MAX_FOR_LIBCST or deepest_nesting(text) > _MAX_NESTING:
        return False
    import libcst as cst

    try:
        cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError, ValueError):
        return False
    return True


def deepest_nesting(text: str) -> int:
    """How deep libcst would recurse: brackets, and words and signs that nest without brackets."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth = max(depth - 1, 0)
    chains = (text.count(word) for word in ("lambda", " if ", "not ", "await "))
    in_one_line = max(
        (max(line.count(word) for word in _NESTING_WORDS) for line in text.split("\n")), default=0
    )
    return max(deepest, in_one_line, *(chain // 100 for chain in chains))


_NESTING_WORDS = ("lambda", " if ", "not ", "await ", "-", "~", "**")
