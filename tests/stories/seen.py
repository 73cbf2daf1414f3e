"""What somebody sees of us who reads a pull request, a line for each thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.publishing.live import DONE
from worker.publishing.markers import text_of

if TYPE_CHECKING:
    from tests.github.state import PullRequest, ReviewComment
    from tests.worker.service import Service

_ITEM = re.compile(
    r"- \[(?P<tick>[ x])\] (?:~~)?\*\*(?P<name>[\w-]+)\*\* \S+ "
    r"\[`(?P<place>[^`]+)`\]\([^)]*\)(?P<rest>.*)"
)
_COMMIT = re.compile(r"fixed in \[`(\w+)`\]")


def seen(service: Service, pull: PullRequest) -> list[str]:
    """The check of the head, the summary item by item, and the comments, oldest first."""
    checks = [f"check: {one.conclusion}, {one.title}" for one in service.checks(pull)[-1:]]
    summaries = [one for one in service.comments(pull) if "## Code Review" in one]
    comments = [_comment(one) for one in pull.review_comments if one.user is service.app.bot]
    return [*checks, *(line for one in summaries for line in _items(one)), *comments]


def _items(summary: str) -> list[str]:
    return [_item(found) for found in _ITEM.finditer(summary)] or ["summary: nothing"]


def _item(found: re.Match[str]) -> str:
    state = "open"
    if found["tick"] == "x":
        commit = _COMMIT.search(found["rest"])
        state = f"fixed in {commit[1]}" if commit else "dismissed"
    return f"summary: {found['name']} at {found['place']}, {state}"


def _comment(comment: ReviewComment) -> str:
    text = text_of(comment.body)
    name = re.search(r"[🔴🟡🟢✅] \*\*([\w-]+)\*\*", text)
    state = "closed" if text.startswith(DONE) else "open"
    folded = ", folded" if comment.minimized else ""
    return f"comment: {name[1] if name else '?'} on {comment.original.path}, {state}{folded}"
