"""What follows when a branch moves: pull requests see it, the Apps are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github import events
from tests.github.diffs import relocate
from tests.github.state import now

if TYPE_CHECKING:
    from tests.github.state import PullRequest, Repository, User
    from tests.github.world import World

HEADS = "refs/heads/"


def moved(world: World, repository: Repository, before: dict[str, str], sender: User) -> None:
    """Act on every ref that differs from `before` (ref to SHA)."""
    after = repository.git.refs()
    for ref in sorted(before.keys() | after.keys()):
        old, new = before.get(ref), after.get(ref)
        if old != new:
            _ref_moved(world, repository, (ref, old, new), sender)


def _ref_moved(
    world: World, repository: Repository, change: tuple[str, str | None, str | None], sender: User
) -> None:
    ref, old, new = change
    events.push(world, repository, ref, old, new, sender)
    branch = ref.removeprefix(HEADS)
    if new and ref.startswith(HEADS):
        events.open_suites(world, repository, branch, new, sender)
    for pull in pulls_from(world, repository, branch):
        if new:
            synchronize(world, pull, new, sender)
        else:
            close(world, pull, sender)


def pulls_from(world: World, repository: Repository, branch: str) -> list[PullRequest]:
    """Return the open pull requests whose head is that branch."""
    everything = [pull for one in world.repositories.values() for pull in one.pulls.values()]
    return [
        pull
        for pull in everything
        if pull.state == "open" and pull.head_repository is repository and pull.head_ref == branch
    ]


def synchronize(world: World, pull: PullRequest, sha: str, sender: User) -> None:
    """Take a new head into a pull request."""
    old = pull.head_sha
    keep_head(pull, sha)
    pull.head_sha = sha
    pull.base_sha = pull.repository.git.branch(pull.base_ref) or pull.base_sha
    if not pull.repository.git.is_ancestor(old, sha):
        _repoint_reviews(pull)
    relocate_comments(pull)
    pull.updated_at = now()
    events.pull_request(world, pull, "synchronize", sender, before=old, after=sha)


def _repoint_reviews(pull: PullRequest) -> None:
    """After a force push GitHub shows earlier reviews at the new head (max-sixty/tend#884)."""
    for review in pull.reviews:
        review.commit_id = pull.head_sha


def keep_head(pull: PullRequest, sha: str) -> None:
    """Keep `refs/pull/N/head` in the base repository, also for forks."""
    git, head = pull.repository.git, pull.head_repository
    if head and head is not pull.repository:
        git.fetch_from(head.git, sha)
    git.set_ref(f"refs/pull/{pull.number}/head", sha)


def relocate_comments(pull: PullRequest) -> None:
    """Find each comment's place in the new diff, or make it outdated."""
    base, git = pull.merge_base, pull.repository.git
    for comment in pull.review_comments:
        comment.current = relocate(git, comment.original, base, pull.head_sha)


def close(world: World, pull: PullRequest, sender: User) -> None:
    """Close a pull request, merged or not."""
    pull.state = "closed"
    pull.closed_at = pull.updated_at = now()
    events.pull_request(world, pull, "closed", sender)
