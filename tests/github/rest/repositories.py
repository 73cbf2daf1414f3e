"""Repositories, collaborators, comparison of commits."""

from fastapi import Request, Response

from tests.github.diffs import changed_files
from tests.github.errors import not_found
from tests.github.rest.routing import Api, As, Repo, page
from tests.github.shapes import accounts, pulls, repositories
from tests.github.state import Repository
from tests.github.world import World

ROLES = {
    "admin": "admin",
    "maintain": "write",
    "write": "write",
    "triage": "read",
    "read": "read",
    "none": "none",
}
MAX_COMPARE_FILES = 300


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)

    @api.get("/repos/{owner}/{name}")
    def one(it: Repo) -> dict:
        return repositories.full_repository(it, world.root)

    @api.get("/repos/{owner}/{name}/collaborators/{login}/permission")
    def permission(login: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "metadata")
        if login not in world.users:
            raise not_found()
        user = world.users[login]
        role = world.permission(it, user)
        shown = accounts.account(user, world.root)
        flags = {
            "pull": role != "none",
            "push": role in ("write", "admin"),
            "admin": role == "admin",
        }
        flags |= {"maintain": role == "admin", "triage": role in ("write", "admin")}
        shown |= {"permissions": flags, "role_name": role}
        return {"permission": ROLES[role], "role_name": role, "user": shown}

    @api.get("/repos/{owner}/{name}/commits")
    def newest(request: Request, it: Repo, who: As) -> Response:
        who.need(it, "read", "contents")
        start = _resolve(it, request.query_params.get("sha") or it.default_branch)
        shas = it.git.run("rev-list", start).decode().split()
        return page(request, shas, lambda sha: repositories.commit(it, sha, world.root))

    @api.get("/repos/{owner}/{name}/commits/{sha}")
    def commit(sha: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "contents")
        return repositories.commit(it, _resolve(it, sha), world.root)

    @api.get("/repos/{owner}/{name}/compare/{basehead:path}")
    def compare(request: Request, basehead: str, it: Repo, who: As) -> dict:
        who.need(it, "read", "contents")
        base_name, _, head_name = basehead.partition("...")
        base, head = _resolve(it, base_name), _resolve(it, head_name)
        return _comparison(world, it, base, head) | {
            "permalink_url": f"{world.root}{request.url.path}"
        }

    @api.get("/repos/{owner}/{name}/pulls/{number}/commits")
    def commits(request: Request, number: int, it: Repo, who: As) -> Response:
        who.need(it, "read", "pull_requests")
        if number not in it.pulls:
            raise not_found()
        pull = it.pulls[number]
        shas = repositories.commits_between(it.git, pull.merge_base, pull.head_sha)[:250]
        return page(request, shas, lambda sha: repositories.commit(it, sha, world.root))

    return api


def _resolve(it: Repository, name: str) -> str:
    """Return the commit of a branch, a SHA, or `owner:branch` of the same network."""
    owner, _, branch = name.rpartition(":")
    git = it.git
    sha = (
        git.branch(branch) or git.resolve(branch)
        if owner in ("", it.owner.login)
        else _of_fork(it, owner, branch)
    )
    if sha is None:
        raise not_found()
    return sha


def _of_fork(it: Repository, owner: str, branch: str) -> str | None:
    for pull in it.pulls.values():
        fork = pull.head_repository
        if fork and fork.owner.login == owner and (sha := fork.git.branch(branch)):
            it.git.fetch_from(fork.git, sha)
            return sha
    return None


def _comparison(world: World, it: Repository, base: str, head: str) -> dict:
    git = it.git
    merge_base = git.merge_base(base, head)
    ahead, behind = (
        repositories.commits_between(git, *span) for span in ((base, head), (head, base))
    )
    files = changed_files(git, merge_base, head)[:MAX_COMPARE_FILES]
    page_url = f"{world.root}/{it.full_name}/compare/{base}...{head}"
    return {
        "url": f"{repositories.api_url(it, world.root)}/compare/{base}...{head}",
        "html_url": page_url,
        "diff_url": f"{page_url}.diff",
        "patch_url": f"{page_url}.patch",
        "base_commit": repositories.commit(it, base, world.root),
        "merge_base_commit": repositories.commit(it, merge_base, world.root),
        "status": STATUS[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [repositories.commit(it, sha, world.root) for sha in ahead[-250:]],
        "files": [pulls.file(one, it, head, world.root, world.limits.max_patch) for one in files],
    }


STATUS = {
    (False, False): "identical",
    (True, False): "ahead",
    (False, True): "behind",
    (True, True): "diverged",
}
