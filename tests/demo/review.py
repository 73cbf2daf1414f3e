"""A review as it stands on a pull request, in the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.markdown import Markdown
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax

if TYPE_CHECKING:
    from rich.console import Console

    from tests.github.state import App, PullRequest, ReviewComment

_HTML = re.compile(r"<!--.*?-->|</?(?:details|summary|sub|sup|b|br|p)\b[^>]*>", re.DOTALL)
_SUGGESTION = re.compile(r"(`{3,})suggestion\b")
SHOWN_LINES = 6


def show(console: Console, app: App, pull: PullRequest) -> None:
    """Print the inline comments, file by file, then the summary."""
    console.print(Rule("Inline comments"))
    ours = [one for one in pull.review_comments if one.user is app.bot]
    for comment in sorted(ours, key=lambda one: (one.original.path, one.original.line or 0)):
        _show_comment(console, comment)
    console.print(Rule("Summary"))
    for comment in pull.comments:
        if comment.user is app.bot:
            console.print(_markdown(comment.body))


def _show_comment(console: Console, comment: ReviewComment) -> None:
    at = comment.original
    place = at.path if at.line is None else f"{at.path}:{at.line}"
    console.print(f"\n[bold cyan]{place}[/]", highlight=False)
    if at.hunk:
        lines = at.hunk.splitlines()
        shown = "\n".join(line for line in lines[-SHOWN_LINES:] if not line.startswith("@@"))
        console.print(Syntax(shown, "diff", background_color="default"))
    console.print(Panel(_markdown(comment.body), border_style="dim"))


def _markdown(body: str) -> Markdown:
    """GitHub's Markdown without what a terminal cannot show."""
    text = _HTML.sub("", body).strip()
    return Markdown(_SUGGESTION.sub(r"Suggested change:\n\n\1python", text))
