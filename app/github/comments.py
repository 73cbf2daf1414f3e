"""Comments of a pull request: in its conversation and on its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from app.github.errors import GitHubError
from app.github.pulls import Account, Frozen

if TYPE_CHECKING:
    from app.github.repository import Repository

type Reaction = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
type Kind = Literal["issues", "pulls"]


class Comment(Frozen):
    """A comment in the conversation."""

    id: int
    node_id: str
    body: str = ""
    user: Account | None = None
    html_url: str = ""


class Reactions(Frozen):
    """How many people reacted to a comment, of the two reactions that are votes."""

    up: int = Field(default=0, alias="+1")
    down: int = Field(default=0, alias="-1")


class ReviewComment(Comment):
    """A comment on a line or a file; `line` is None once it is outdated, or for a file."""

    path: str = ""
    subject_type: str | None = None
    line: int | None = None
    original_line: int | None = None
    in_reply_to_id: int | None = None
    pull_request_review_id: int | None = None
    reactions: Reactions = Reactions()

    @property
    def votes(self) -> tuple[int, int]:
        """How many people are for what the comment says, and how many against it."""
        return self.reactions.up, self.reactions.down


class NewComment(Frozen):
    """A comment to be: on lines `start_line` to `line` of the head, on `line` alone, or on a file.

    GitHub refuses `start_line` equal to `line`, so it is None for one line.
    """

    path: str
    body: str
    line: int | None = None
    start_line: int | None = None

    def fields(self) -> dict[str, str | int]:
        """What GitHub is sent for one entry of a review's `comments`."""
        sent: dict[str, str | int] = {"path": self.path, "body": self.body}
        if self.line is not None:
            sent |= {"line": self.line, "side": "RIGHT"}
        if self.start_line is not None and self.start_line != self.line:
            sent |= {"start_line": self.start_line, "start_side": "RIGHT"}
        return sent


async def conversation(repository: Repository, number: int) -> tuple[Comment, ...]:
    """Every comment in the conversation, oldest first."""
    listed = await repository.pages(f"/issues/{number}/comments")
    return tuple(Comment.model_validate(item) for item in listed)


async def on_lines(repository: Repository, number: int) -> tuple[ReviewComment, ...]:
    """Every review comment, replies too, oldest first."""
    listed = await repository.pages(f"/pulls/{number}/comments")
    return tuple(ReviewComment.model_validate(item) for item in listed)


async def read(repository: Repository, comment_id: int) -> Comment:
    """One comment of the conversation."""
    answer = await repository.call("GET", f"/issues/comments/{comment_id}")
    return Comment.model_validate(answer.data)


async def say(repository: Repository, number: int, body: str) -> Comment:
    """Add a comment to the conversation."""
    answer = await repository.call("POST", f"/issues/{number}/comments", body={"body": body})
    return Comment.model_validate(answer.data)


async def on_file(
    repository: Repository, number: int, commit_id: str, comment: NewComment
) -> ReviewComment:
    """Add one comment outside of a review: on a file, or on a line when it has one."""
    fields = comment.fields() | {"commit_id": commit_id}
    if comment.line is None:
        fields["subject_type"] = "file"
    answer = await repository.call("POST", f"/pulls/{number}/comments", body=fields)
    return ReviewComment.model_validate(answer.data)


async def edit(repository: Repository, kind: Kind, comment_id: int, body: str) -> None:
    """Change the text of a comment: `issues` for the conversation, `pulls` for lines."""
    await repository.call("PATCH", f"/{kind}/comments/{comment_id}", body={"body": body})


async def delete(repository: Repository, kind: Kind, comment_id: int) -> None:
    """Delete a comment."""
    await repository.call("DELETE", f"/{kind}/comments/{comment_id}")


async def react(repository: Repository, kind: Kind, comment_id: int, reaction: Reaction) -> bool:
    """Add a reaction, which twice is once; False when GitHub would not take it.

    A reaction is a courtesy: whatever goes wrong with it must not fail the work it is about.
    """
    path = f"/{kind}/comments/{comment_id}/reactions"
    try:
        await repository.call("POST", path, body={"content": reaction})
    except GitHubError:
        return False
    return True
