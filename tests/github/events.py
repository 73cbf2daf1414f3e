"""What a change of a record tells the Apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.shapes import checks, comments, pulls
from tests.github.state import CheckSuite

if TYPE_CHECKING:
    from tests.github.state import (
        CheckRun,
        IssueComment,
        PullRequest,
        PullReview,
        Repository,
        ReviewComment,
        Thread,
        User,
    )
    from tests.github.world import World

ZERO = "0" * 40


def pull_request(
    world: World, pull: PullRequest, action: str, sender: User, **extra: object
) -> None:
    """Tell of a change to a pull request."""
    body = pulls.full(pull, world.root)
    world.webhooks.emit(
        "pull_request",
        pull.repository,
        sender,
        action=action,
        number=pull.number,
        pull_request=body,
        **extra,
    )


def issue_comment(
    world: World, comment: IssueComment, action: str, sender: User, **extra: object
) -> None:
    """Tell of a comment in the conversation."""
    world.webhooks.emit(
        "issue_comment",
        comment.pull.repository,
        sender,
        action=action,
        issue=pulls.issue(comment.pull, world.root),
        comment=comments.issue_comment(comment, world.root),
        **extra,
    )


def review_comment(
    world: World, comment: ReviewComment, action: str, sender: User, **extra: object
) -> None:
    """Tell of a comment in a review thread."""
    world.webhooks.emit(
        "pull_request_review_comment",
        comment.pull.repository,
        sender,
        action=action,
        comment=comments.review_comment(comment, world.root),
        pull_request=pulls.simple(comment.pull, world.root),
        **extra,
    )


def review(world: World, it: PullReview, action: str, sender: User) -> None:
    """Tell of a review; its state is in small letters here and nowhere else."""
    body = comments.review(it, world.root)
    world.webhooks.emit(
        "pull_request_review",
        it.pull.repository,
        sender,
        action=action,
        review={**body, "state": it.state.lower()},
        pull_request=pulls.simple(it.pull, world.root),
    )


def thread(world: World, it: Thread, action: str, sender: User) -> None:
    """Tell that a thread was resolved or not."""
    found = [comments.review_comment(one, world.root) for one in it.comments]
    world.webhooks.emit(
        "pull_request_review_thread",
        it.pull.repository,
        sender,
        action=action,
        thread={"node_id": it.node_id, "comments": found},
        pull_request=pulls.simple(it.pull, world.root),
    )


def check_run(
    world: World, repository: Repository, it: CheckRun, action: str, sender: User, **extra: object
) -> None:
    """Tell of a check run."""
    body = checks.run(it, repository, world.root)
    body["check_suite"] = checks.suite(it.suite, repository, world.root)
    world.webhooks.emit("check_run", repository, sender, action=action, check_run=body, **extra)


def check_suite(
    world: World, repository: Repository, it: CheckSuite, action: str, sender: User
) -> None:
    """Tell of a check suite."""
    body = checks.suite(it, repository, world.root)
    world.webhooks.emit("check_suite", repository, sender, action=action, check_suite=body)


def open_suites(world: World, repository: Repository, branch: str, sha: str, sender: User) -> None:
    """Open a suite for a pushed commit, once for each App that may write checks."""
    for installation in world.installations_of(repository):
        if world.limits.check_suites and installation.permissions.get("checks") == "write":
            suite = CheckSuite(world.new_id(), installation.app, sha, branch)
            repository.suites.append(suite)
            check_suite(world, repository, suite, "requested", sender)


def push(
    world: World, repository: Repository, ref: str, old: str | None, new: str | None, sender: User
) -> None:
    """Tell of a push."""
    forced = bool(old and new and not repository.git.is_ancestor(old, new))
    world.webhooks.emit(
        "push",
        repository,
        sender,
        ref=ref,
        before=old or ZERO,
        after=new or ZERO,
        created=old is None,
        deleted=new is None,
        forced=forced,
        base_ref=None,
        compare=f"{world.root}/{repository.full_name}/compare/{(old or ZERO)[:12]}...{(new or ZERO)[:12]}",
        commits=[],
        head_commit=None,
        pusher={"name": sender.login, "email": None},
    )
