"""Reviews, comments, and reactions as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.github.shapes import accounts, pulls, repositories
from tests.github.state import iso

if TYPE_CHECKING:
    from tests.github.state import IssueComment, PullReview, Reaction, ReviewComment

EMOJI = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def reaction(it: Reaction, root: str) -> dict:
    """Return one reaction."""
    return {
        "id": it.id,
        "node_id": f"REA_lADO{it.id}",
        "user": accounts.user(it.user, root),
        "content": it.content,
        "created_at": iso(it.created_at),
    }


def _rollup(reactions: list[Reaction], url: str) -> dict:
    counts = Counter(one.content for one in reactions)
    return {"url": url, "total_count": len(reactions), **{name: counts[name] for name in EMOJI}}


def issue_comment(it: IssueComment, root: str) -> dict:
    """Return a comment of the conversation."""
    repository = it.pull.repository
    url = f"{repositories.api_url(repository, root)}/issues/comments/{it.id}"
    return {
        "url": url,
        "html_url": f"{root}/{repository.full_name}/pull/{it.pull.number}#issuecomment-{it.id}",
        "issue_url": f"{repositories.api_url(repository, root)}/issues/{it.pull.number}",
        "id": it.id,
        "node_id": f"IC_kwDO{it.id}",
        "user": accounts.user(it.user, root),
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "author_association": pulls.association(it.user, repository),
        "body": it.body,
        "reactions": _rollup(it.reactions, f"{url}/reactions"),
        "performed_via_github_app": accounts.app(it.app, root) if it.app else None,
    }


def review(it: PullReview, root: str) -> dict:
    """Return a review without its comments."""
    pull = it.pull
    url = f"{repositories.api_url(pull.repository, root)}/pulls/{pull.number}"
    page = f"{root}/{pull.repository.full_name}/pull/{pull.number}#pullrequestreview-{it.id}"
    shown = {
        "id": it.id,
        "node_id": f"PRR_kwDO{it.id}",
        "user": accounts.user(it.user, root),
        "body": it.body,
        "state": it.state,
        "html_url": page,
        "pull_request_url": url,
        "author_association": pulls.association(it.user, pull.repository),
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "commit_id": it.commit_id,
    }
    return {**shown, "submitted_at": iso(it.submitted_at)} if it.submitted_at else shown


def review_comment(it: ReviewComment, root: str) -> dict:
    """Return a review comment; `line` is null once it is outdated."""
    pull, was, current = it.pull, it.original, it.current
    api = f"{repositories.api_url(pull.repository, root)}/pulls"
    url, page = (
        f"{api}/comments/{it.id}",
        f"{root}/{pull.repository.full_name}/pull/{pull.number}#discussion_r{it.id}",
    )
    shown = {
        "url": url,
        "pull_request_review_id": it.review.id,
        "id": it.id,
        "node_id": f"PRRC_kwDO{it.id}",
        "diff_hunk": was.hunk,
        "path": was.path,
        "commit_id": current.commit if current else was.commit,
        "original_commit_id": was.commit,
        "user": accounts.user(it.user, root),
        "body": it.body,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "html_url": page,
        "pull_request_url": f"{api}/{pull.number}",
        "author_association": pulls.association(it.user, pull.repository),
        "_links": {
            "self": {"href": url},
            "html": {"href": page},
            "pull_request": {"href": f"{api}/{pull.number}"},
        },
        "reactions": _rollup(it.reactions, f"{url}/reactions"),
        "start_line": current and current.start_line,
        "original_start_line": was.start_line,
        "start_side": was.start_side,
        "line": current and current.line,
        "original_line": was.line,
        "side": was.side,
        "position": (current.position if was.line else 1) if current else None,
        "original_position": was.position or 1,
        "subject_type": "line" if was.line else "file",
    }
    return {**shown, "in_reply_to_id": it.in_reply_to} if it.in_reply_to else shown
