"""Markdown for GitHub of text that nobody may trust.

Whatever comes from a pull request (paths, names, messages that quote code) is shown as it is and
does nothing: it pings nobody, links nowhere, opens no HTML and closes no fence.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 65_000
"""Longest body that is posted, in characters; GitHub refuses more than 65,536."""

TRUNCATED = "_Truncated: the rest did not fit into one comment._"

_TICKS = re.compile(r"`+")
_PUNCTUATION = re.compile(r"[\\`*_\[\]~|]")
_REFERENCE = re.compile(
    r"(?<=[@#])(?=\w)|(?<=://)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-\d)", re.IGNORECASE
)
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ZERO_WIDTH = "\u200b"


def visible(text: str) -> str:
    """One line, in which control and bidirectional characters are written out as `\\u202e`."""
    return "".join(_visible(character) for character in " ".join(text.split()))


def _visible(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return f"\\u{ord(character):04x}"
    return character


def hides_something(text: str) -> bool:
    """Whether a text of several lines has characters that a reader would not see."""
    return any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for character in text.translate({9: None, 10: None, 13: None})
    )


def prose(text: str) -> str:
    """Text that reads as it is written: no mention, reference, link, emphasis or HTML."""
    quiet = _REFERENCE.sub(_ZERO_WIDTH, visible(text))
    return _PUNCTUATION.sub(r"\\\g<0>", quiet.translate(_HTML))


def code(text: str) -> str:
    """A code span, whatever backticks the text has."""
    shown = visible(text) or " "
    ticks = "`" * (_longest_run(shown) + 1)
    padding = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{ticks}{padding}{shown}{padding}{ticks}"


def message(text: str) -> str:
    """A rule's message: what it puts between backticks is code, the rest is prose."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return prose(text)
    return "".join(
        code(part) if index % 2 else _with_edges(part) for index, part in enumerate(parts) if part
    )


def _with_edges(part: str) -> str:
    """Prose that keeps the spaces between it and the code beside it."""
    before, after = part[:1].isspace(), part[-1:].isspace()
    return f"{' ' * before}{prose(part)}{' ' * (after and bool(part.strip()))}"


def link(label: str, url: str | None) -> str:
    """A link around Markdown; just the label when there is nowhere to go."""
    return f"[{label}]({url})" if url else label


def fenced(text: str, info: str = "") -> str:
    """A fenced block with a fence longer than any run of backticks in the text.

    The text keeps its own line ends and gets a last one if it has none.
    """
    fence = "`" * max(3, _longest_run(text) + 1)
    end = "" if not text or text.endswith(("\n", "\r")) else "\n"
    return f"{fence}{info}\n{text}{end}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def fit(body: str, limit: int = LIMIT) -> str:
    """The body, cut at a paragraph if it is too long, with what was open closed again."""
    clean = body.encode("utf-8", "replace").decode()
    if len(clean) <= limit:
        return clean
    room = limit - len(TRUNCATED) - 200
    cut = clean.rfind("\n\n", 0, room)
    if cut < room // 2:
        cut = max(clean.rfind("\n", 0, room), room // 2)
    kept = clean[:cut]
    return f"{kept}{_closing(kept)}\n\n{TRUNCATED}\n"


def _closing(text: str) -> str:
    """What closes the fence and the `<details>` that are open at the end of a text."""
    fence = ""
    for line in text.splitlines():
        ticks = _TICKS.match(line)
        run = ticks[0] if ticks and len(ticks[0]) >= 3 else ""
        if not fence:
            fence = run
        elif len(run) >= len(fence) and line.rstrip() == run:
            fence = ""
    details = text.count("<details>") - text.count("</details>")
    return (f"\n{fence}" if fence else "") + "\n\n</details>" * max(0, details)
