"""Repositories and commits as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.shapes import accounts
from tests.github.state import iso

if TYPE_CHECKING:
    from tests.github.git import GitRepository
    from tests.github.state import Repository

LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
ZEROS = (
    "forks_count",
    "stargazers_count",
    "watchers_count",
    "size",
    "open_issues_count",
    "forks",
    "watchers",
    "open_issues",
)
FLAGS = {
    "has_issues": True,
    "has_projects": False,
    "has_wiki": False,
    "has_pages": False,
    "has_discussions": False,
    "disabled": False,
    "is_template": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
}


def api_url(it: Repository, root: str) -> str:
    """Return the REST address of a repository."""
    return f"{root}/repos/{it.full_name}"


def repository(it: Repository, root: str) -> dict:
    """Return a repository as payloads and pull requests hold it."""
    url, page = api_url(it, root), f"{root}/{it.full_name}"
    return {
        "id": it.id,
        "node_id": f"R_kgDO{it.id}",
        "name": it.name,
        "full_name": it.full_name,
        "private": it.private,
        "owner": accounts.user(it.owner, root),
        "html_url": page,
        "description": it.description,
        "fork": it.parent is not None,
        "url": url,
        **{name: url + suffix for name, suffix in LINKS.items()},
        **_clone_urls(page),
        **dict.fromkeys(ZEROS, 0),
        **FLAGS,
        "homepage": None,
        "language": "Python",
        "mirror_url": None,
        "license": None,
        "topics": [],
        "archived": it.archived,
        "visibility": "private" if it.private else "public",
        "default_branch": it.default_branch,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.created_at),
        "pushed_at": iso(it.created_at),
    }


def full_repository(it: Repository, root: str) -> dict:
    """Return the answer of `GET /repos/{owner}/{repo}`."""
    extra = {"network_count": 0, "subscribers_count": 0, "allow_squash_merge": True}
    parent = repository(it.parent, root) if it.parent and not it.parent.deleted else None
    fork = {"parent": parent, "source": parent} if parent else {}
    return {**repository(it, root), **extra, **fork}


def _clone_urls(page: str) -> dict:
    host = page.split("://", 1)[1]
    return {
        "clone_url": f"{page}.git",
        "git_url": f"git://{host}.git",
        "ssh_url": f"git@{host}.git",
        "svn_url": page,
    }


def brief(it: Repository) -> dict:
    """Return the few fields that installation payloads hold."""
    return {
        "id": it.id,
        "node_id": f"R_kgDO{it.id}",
        "name": it.name,
        "full_name": it.full_name,
        "private": it.private,
    }


FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


def commit(it: Repository, sha: str, root: str) -> dict:
    """Return a commit without its files."""
    url, page = api_url(it, root), f"{root}/{it.full_name}"
    facts = (
        it.git.run_cached("show", "-s", f"--format={FORMAT}", sha)
        .decode(errors="replace")
        .split("\0")
    )
    sha, tree, parents = facts[:3]
    author, committer = _signature(facts[3:6]), _signature(facts[6:9])
    return {
        "sha": sha,
        "node_id": f"C_kwDO{sha}",
        "commit": {
            "author": author,
            "committer": committer,
            "message": facts[9].rstrip("\n"),
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
            "url": f"{url}/git/commits/{sha}",
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "url": f"{url}/commits/{sha}",
        "html_url": f"{page}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "author": None,
        "committer": None,
        "parents": [
            {"sha": parent, "url": f"{url}/commits/{parent}", "html_url": f"{page}/commit/{parent}"}
            for parent in parents.split()
        ],
    }


UNSIGNED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def _signature(facts: list[str]) -> dict:
    name, email, date = facts
    return {"name": name, "email": email, "date": date}


def commits_between(git: GitRepository, base: str, head: str) -> list[str]:
    """Return the commits of `base..head`, oldest first."""
    return git.run("rev-list", "--reverse", f"{base}..{head}").decode().split()
