"""Our own comments among all those that stand on a pull request. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.publishing.markers import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.github.comments import Comment, ReviewComment
    from worker.publishing.markers import Mark, Signer

DONE = "✅"
"""What the text of a comment begins with once its finding was fixed or dismissed."""


@dataclass(frozen=True, slots=True)
class Live:
    """A review comment of ours as it stands; `replied` by somebody else.

    An `outdated` one stands at lines that the diff does not show any more. The body of one that
    `moved` still begins with the mark that it had when its file had another path.
    """

    id: int
    node_id: str
    mark: Mark
    body: str
    path: str
    on_file: bool = False
    replied: bool = False
    outdated: bool = False
    moved: bool = False
    votes: tuple[int, int] = (0, 0)

    @property
    def closed(self) -> bool:
        """Whether it says already that its finding is gone."""
        return text_of(self.body).startswith(DONE)


def ours(comments: Iterable[ReviewComment], signer: Signer, user_id: int) -> tuple[Live, ...]:
    """The comments by our own account that begin with a marker we signed, oldest first.

    Nothing else is ever edited, folded or deleted.
    """
    listed = sorted(comments, key=lambda comment: comment.id)
    replied = {c.in_reply_to_id for c in listed if c.user is None or c.user.id != user_id}
    return tuple(
        Live(
            id=comment.id,
            node_id=comment.node_id,
            mark=mark,
            body=comment.body,
            path=comment.path,
            on_file=comment.subject_type == "file",
            replied=comment.id in replied,
            outdated=comment.line is None and comment.subject_type != "file",
            votes=comment.votes,
        )
        for comment in listed
        if comment.user is not None and comment.user.id == user_id
        if (mark := signer.read(comment.body)) is not None
    )


def is_ours(comment: Comment, mark: Mark, signer: Signer, user_id: int) -> bool:
    """Whether a comment of the conversation is the one that we marked so."""
    written = comment.user is not None and comment.user.id == user_id
    return written and signer.read(comment.body) == mark


def first_and_rest(comments: Iterable[Live]) -> tuple[dict[Mark, Live], tuple[Live, ...]]:
    """The oldest comment of each mark, and the ones that say the same again."""
    first: dict[Mark, Live] = {}
    rest: list[Live] = []
    for comment in comments:
        if comment.mark in first:
            rest.append(comment)
        else:
            first[comment.mark] = comment
    return first, tuple(rest)
