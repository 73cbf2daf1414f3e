"""Pull requests and their files as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.github.diffs import changed_files
from tests.github.shapes import accounts, repositories
from tests.github.state import iso

if TYPE_CHECKING:
    from tests.github.diffs import FileDiff
    from tests.github.state import PullRequest, Repository, User


def association(who: User, repository: Repository) -> str:
    """Return `author_association`."""
    if who is repository.owner:
        return "OWNER"
    return "COLLABORATOR" if who.login in repository.collaborators else "NONE"


def simple(it: PullRequest, root: str) -> dict:
    """Return a pull request as lists hold it."""
    repository = it.repository
    url = f"{repositories.api_url(repository, root)}/pulls/{it.number}"
    issue = f"{repositories.api_url(repository, root)}/issues/{it.number}"
    page = f"{root}/{repository.full_name}/pull/{it.number}"
    statuses = f"{repositories.api_url(repository, root)}/statuses/{it.head_sha}"
    links = {
        "self": url,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{repositories.api_url(repository, root)}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": statuses,
    }
    return {
        "url": url,
        "id": it.id,
        "node_id": f"PR_kwDO{it.id}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "number": it.number,
        "state": it.state,
        "locked": it.locked,
        "title": it.title,
        "user": accounts.user(it.user, root),
        "body": it.body,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "closed_at": iso(it.closed_at),
        "merged_at": iso(it.merged_at),
        "merge_commit_sha": it.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": it.draft,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": links["review_comment"],
        "comments_url": f"{issue}/comments",
        "statuses_url": statuses,
        "head": _head(it, root),
        "base": _side(repository, it.base_ref, it.base_sha, root),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": association(it.user, repository),
        "auto_merge": None,
        "active_lock_reason": None,
    }


def _side(repository: Repository, ref: str, sha: str, root: str) -> dict:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": accounts.user(repository.owner, root),
        "repo": repositories.repository(repository, root),
    }


def _head(it: PullRequest, root: str) -> dict:
    if it.head_repository is None or it.head_repository.deleted:
        return {
            "label": it.head_label,
            "ref": it.head_ref,
            "sha": it.head_sha,
            "user": None,
            "repo": None,
        }
    return _side(it.head_repository, it.head_ref, it.head_sha, root)


def full(it: PullRequest, root: str) -> dict:
    """Return the answer of `GET /pulls/{number}`, also the one in payloads."""
    files = changed_files(it.repository.git, it.merge_base, it.head_sha)
    count = it.repository.git.run_cached("rev-list", "--count", f"{it.base_sha}..{it.head_sha}")
    return {
        **simple(it, root),
        "merged": it.merged_at is not None,
        "mergeable": None if it.merged_at else True,
        "rebaseable": None,
        "mergeable_state": "draft" if it.draft else "clean",
        "merged_by": accounts.user(it.merged_by, root) if it.merged_by else None,
        "comments": len(it.comments),
        "review_comments": len(it.review_comments),
        "maintainer_can_modify": False,
        "commits": int(count),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def minimal(it: PullRequest, root: str) -> dict:
    """Return a pull request as check runs name it."""
    repository, head = it.repository, it.head_repository or it.repository
    return {
        "url": f"{repositories.api_url(repository, root)}/pulls/{it.number}",
        "id": it.id,
        "number": it.number,
        "head": {"ref": it.head_ref, "sha": it.head_sha, "repo": _reference(head, root)},
        "base": {"ref": it.base_ref, "sha": it.base_sha, "repo": _reference(repository, root)},
    }


def _reference(repository: Repository, root: str) -> dict:
    return {
        "id": repository.id,
        "url": repositories.api_url(repository, root),
        "name": repository.name,
    }


def issue(it: PullRequest, root: str) -> dict:
    """Return the pull request as the issue that `issue_comment` payloads hold."""
    pull = simple(it, root)
    url = pull["issue_url"]
    kept = (
        "id",
        "node_id",
        "number",
        "title",
        "user",
        "labels",
        "state",
        "locked",
        "assignee",
        "assignees",
    )
    kept += (
        "milestone",
        "created_at",
        "updated_at",
        "closed_at",
        "author_association",
        "body",
        "html_url",
        "draft",
    )
    links = {name: pull[name] for name in ("url", "html_url", "diff_url", "patch_url", "merged_at")}
    return {
        **{name: pull[name] for name in kept},
        "url": url,
        "repository_url": repositories.api_url(it.repository, root),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "comments": len(it.comments),
        "active_lock_reason": None,
        "pull_request": links,
    }


def file(it: FileDiff, repository: Repository, head: str, root: str, max_patch: int) -> dict:
    """Return one changed file; `patch` is absent above `max_patch` characters."""
    url, page, path = (
        repositories.api_url(repository, root),
        f"{root}/{repository.full_name}",
        quote(it.path),
    )
    shown = {
        "sha": it.blob,
        "filename": it.path,
        "status": it.status,
        "additions": it.additions,
        "deletions": it.deletions,
        "changes": it.additions + it.deletions,
        "blob_url": f"{page}/blob/{head}/{path}",
        "raw_url": f"{page}/raw/{head}/{path}",
        "contents_url": f"{url}/contents/{path}?ref={head}",
    }
    if it.patch is not None and len(it.patch) <= max_patch:
        shown["patch"] = it.patch
    if it.previous:
        shown["previous_filename"] = it.previous
    return shown
