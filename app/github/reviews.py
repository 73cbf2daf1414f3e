"""Reviews of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.github.comments import ReviewComment
from app.github.pulls import Account, Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.github.comments import NewComment
    from app.github.repository import Repository


class PostedReview(Frozen):
    """A review; a `PENDING` one is seen only by who wrote it and blocks the next."""

    id: int
    node_id: str = ""
    body: str | None = None
    state: str = ""
    commit_id: str | None = None
    user: Account | None = None
    html_url: str = ""


async def listed(repository: Repository, number: int) -> tuple[PostedReview, ...]:
    """Every review, oldest first."""
    items = await repository.pages(f"/pulls/{number}/reviews")
    return tuple(PostedReview.model_validate(item) for item in items)


async def create(
    repository: Repository, number: int, commit_id: str, body: str, comments: Sequence[NewComment]
) -> PostedReview:
    """Post a review that neither approves nor blocks; all of its comments are taken, or none."""
    fields = {
        "commit_id": commit_id,
        "event": "COMMENT",
        "body": body,
        "comments": [comment.fields() for comment in comments],
    }
    answer = await repository.call("POST", f"/pulls/{number}/reviews", body=fields)
    return PostedReview.model_validate(answer.data)


async def comments_of(
    repository: Repository, number: int, review_id: int
) -> tuple[ReviewComment, ...]:
    """The comments of one review. GitHub leaves `line` out of this list."""
    items = await repository.pages(f"/pulls/{number}/reviews/{review_id}/comments")
    return tuple(ReviewComment.model_validate(item) for item in items)


async def delete_pending(repository: Repository, number: int, review_id: int) -> None:
    """Delete a review that was never submitted; a submitted one cannot be deleted."""
    await repository.call("DELETE", f"/pulls/{number}/reviews/{review_id}")
