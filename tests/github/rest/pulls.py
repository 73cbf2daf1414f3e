"""Pull requests, their files and their diff."""

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from tests.github.diffs import changed_files
from tests.github.errors import refused
from tests.github.rest.routing import Api, As, Pull, Repo, page
from tests.github.shapes import pulls
from tests.github.state import PullRequest
from tests.github.world import World

DIFF = "application/vnd.github.diff"
DIFF_V3 = "application/vnd.github.v3.diff"


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)

    @api.get("/repos/{owner}/{name}/pulls")
    def listed(request: Request, it: Repo, who: As) -> Response:
        who.need(it, "read", "pull_requests")
        state = request.query_params.get("state", "open")
        found = [one for one in it.pulls.values() if state in ("all", one.state)]
        head, base = request.query_params.get("head"), request.query_params.get("base")
        found = [
            one for one in found if head in (None, one.head_label) and base in (None, one.base_ref)
        ]
        newest = request.query_params.get("direction", "desc") == "desc"
        found.sort(key=lambda one: one.number, reverse=newest)
        return page(request, found, lambda one: pulls.simple(one, world.root))

    @api.get("/repos/{owner}/{name}/pulls/{number}")
    def one(request: Request, it: Repo, pull: Pull, who: As) -> object:
        who.need(it, "read", "pull_requests")
        accept = request.headers.get("accept", "")
        if DIFF in accept or DIFF_V3 in accept:
            return PlainTextResponse(_diff(world, pull), media_type=f"{DIFF}; charset=utf-8")
        return pulls.full(pull, world.root)

    @api.get("/repos/{owner}/{name}/pulls/{number}/files")
    def files(request: Request, it: Repo, pull: Pull, who: As) -> Response:
        who.need(it, "read", "pull_requests")
        found = changed_files(it.git, pull.merge_base, pull.head_sha)[: world.limits.max_files]
        limit = world.limits.max_patch
        return page(
            request, found, lambda one: pulls.file(one, it, pull.head_sha, world.root, limit)
        )

    @api.get("/repos/{owner}/{name}/issues/{number}")
    def issue(it: Repo, pull: Pull, who: As) -> dict:
        who.need(it, "read", "issues", "pull_requests")
        return pulls.issue(pull, world.root)

    return api


def _diff(world: World, pull: PullRequest) -> bytes:
    """Return the whole diff, or refuse with 406 as GitHub does: it never truncates."""
    git, limits = pull.repository.git, world.limits
    files = changed_files(git, pull.merge_base, pull.head_sha)
    if len(files) > limits.max_diff_files:
        text = f"Sorry, the diff exceeded the maximum number of files ({limits.max_diff_files})."
        advice = " Consider using 'List pull requests files' API or locally cloning the repository instead."
        raise _too_large(text + advice)
    lines = sum((one.patch or "").count("\n") + 1 for one in files)
    if lines > limits.max_diff_lines:
        raise _too_large(
            f"Sorry, the diff exceeded the maximum number of lines ({limits.max_diff_lines})"
        )
    return git.run("diff", "-M", pull.merge_base, pull.head_sha, "--")


def _too_large(text: str) -> Exception:
    error = {"resource": "PullRequest", "field": "diff", "code": "too_large"}
    return refused(406, text, errors=[error])
