"""Comments and reviews as they are written, with what GitHub refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.github import events
from tests.github.diffs import find_file, hunk_up_to
from tests.github.errors import refused, unprocessable
from tests.github.shapes.comments import EMOJI
from tests.github.state import (
    Anchor,
    IssueComment,
    PullReview,
    Reaction,
    ReviewComment,
    Thread,
    now,
)

if TYPE_CHECKING:
    from tests.github.state import App, PullRequest, Side, User
    from tests.github.world import World

OUTSIDE = (
    "Pull request review thread line must be part of the diff and "
    "Pull request review thread diff hunk can't be blank"
)
PRECEDE = "Pull request review thread start line must precede the end line."
HUNK = "Pull request review thread start line must be part of the same hunk as the line."
COMMIT = "Start commit oid is not part of the pull request"
PATH = "Path could not be resolved"
FIELDS = {
    OUTSIDE: ("line", "must be part of the diff"),
    PRECEDE: ("start_line", "must precede the end line."),
    HUNK: ("start_line", "must be part of the same hunk as the line."),
    COMMIT: ("start_commit_oid", "is not part of the pull request"),
    PATH: ("path", "could not be resolved"),
}


class BadPlace(Exception):  # noqa: N818 - becomes a refusal in one of two shapes.
    """A place that cannot carry a comment; the text is the one `/reviews` answers with."""

    def as_object(self) -> dict:
        """Return the error as `/comments` writes it."""
        field, text = FIELDS[str(self)]
        name = f"pull_request_review_thread.{field}"
        resource = "PullRequestReviewComment"
        return {"resource": resource, "code": "custom", "field": name, "message": f"{name} {text}"}


@dataclass(frozen=True)
class Place:
    """Where a comment is asked to stand."""

    path: str
    line: int | None = None
    side: Side = "RIGHT"
    start_line: int | None = None
    start_side: Side | None = None
    whole_file: bool = False


def anchor(pull: PullRequest, commit: str, place: Place) -> Anchor:
    """Return the anchor of a new comment. Raises `BadPlace`."""
    git = pull.repository.git
    if commit not in commits_of(pull):
        raise BadPlace(COMMIT)
    merge_base = git.merge_base(pull.base_sha, commit)
    file = find_file(git, merge_base, commit, place.path)
    if file is None:
        raise BadPlace(PATH)
    base = Anchor(place.path, commit, merge_base)
    if place.whole_file:
        return base
    end = file.line(place.side, place.line or 0)
    if end is None:
        raise BadPlace(OUTSIDE)
    start_side = place.start_side or place.side
    if place.start_line is not None:
        start = file.line(start_side, place.start_line)
        if start_side == place.side and place.start_line >= (place.line or 0):
            raise BadPlace(PRECEDE)
        if start is None:
            raise BadPlace(OUTSIDE)
        if start.hunk != end.hunk:
            raise BadPlace(HUNK)
    return Anchor(
        place.path, commit, merge_base, place.side, place.line,
        start_side if place.start_line else None, place.start_line, end.position,
        hunk_up_to(file.patch or "", end),
    )  # fmt: skip


def commits_of(pull: PullRequest) -> list[str]:
    """Return the commits of a pull request, oldest first."""
    span = f"{pull.merge_base}..{pull.head_sha}"
    return pull.repository.git.run_cached("rev-list", "--reverse", span).decode().split()


def check_body(world: World, body: str) -> None:
    """Refuse a text that is too long."""
    if len(body) > world.limits.max_body:
        text = f"Body is too long (maximum is {world.limits.max_body} characters)"
        raise unprocessable({"resource": "IssueComment", "code": "custom", "field": "body", "message": text},
                            message="Validation Failed")  # fmt: skip


def check_open_to(world: World, pull: PullRequest, who: User) -> None:
    """Refuse a comment in a locked conversation by whoever cannot write."""
    if pull.locked and world.permission(pull.repository, who) not in ("write", "admin"):
        raise refused(403, "Unable to create comment because issue is locked.")


def comment(
    world: World, pull: PullRequest, who: User, body: str, app: App | None = None
) -> IssueComment:
    """Write a comment into the conversation."""
    check_open_to(world, pull, who)
    check_body(world, body)
    it = IssueComment(world.new_id(), pull, who, body, app)
    pull.comments.append(it)
    pull.updated_at = now()
    events.issue_comment(world, it, "created", who)
    return it


def review(
    world: World, pull: PullRequest, who: User, body: str, state: str, commit: str
) -> PullReview:
    """Add an empty review."""
    submitted = None if state == "PENDING" else now()
    it = PullReview(world.new_id(), pull, who, body, state, commit, submitted)
    pull.reviews.append(it)
    return it


def review_comment(world: World, it: PullReview, at: Anchor, body: str) -> ReviewComment:
    """Add a comment that starts a thread, to a review."""
    thread = Thread(world.new_id(), it.pull, file_level=at.line is None)
    it.pull.threads.append(thread)
    made = ReviewComment(world.new_id(), it.pull, it, it.user, body, at, at, thread)
    it.pull.review_comments.append(made)
    return made


def reply(world: World, root: ReviewComment, who: User, body: str) -> ReviewComment:
    """Answer in a thread; each reply makes an empty review of its own, as on GitHub."""
    pull, top = root.pull, root.thread.comments[0]
    check_open_to(world, pull, who)
    check_body(world, body)
    it = review(world, pull, who, "", "COMMENTED", pull.head_sha)
    made = ReviewComment(
        world.new_id(), pull, it, who, body, top.original, top.current, top.thread, top.id
    )
    pull.review_comments.append(made)
    announce(world, it)
    return made


def announce(world: World, it: PullReview) -> None:
    """Tell of a submitted review and its comments."""
    events.review(world, it, "submitted", it.user)
    for made in it.pull.review_comments:
        if made.review is it:
            events.review_comment(world, made, "created", it.user)


def react(
    world: World, to: IssueComment | ReviewComment, who: User, content: str
) -> tuple[Reaction, bool]:
    """React once; return the reaction and whether it is new."""
    if content not in EMOJI:
        raise unprocessable(
            {"resource": "Reaction", "code": "invalid", "field": "content"},
            message="Validation Failed",
        )
    for old in to.reactions:
        if old.user is who and old.content == content:
            return old, False
    reaction = Reaction(world.new_id(), who, content)
    to.reactions.append(reaction)
    return reaction, True


def delete_review_comment(it: ReviewComment) -> None:
    """Remove a review comment; a thread without comments goes with it."""
    it.pull.review_comments.remove(it)
    if not it.thread.comments:
        it.pull.threads.remove(it.thread)
