"""Check runs: only the App that made one may change it."""

from datetime import datetime

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.github import events
from tests.github.auth import Caller
from tests.github.errors import invalid_request, not_accessible, not_found, refused
from tests.github.rest.routing import Api, As, Body, Repo, page
from tests.github.shapes import checks
from tests.github.state import App, CheckRun, CheckSuite, Repository, now
from tests.github.world import World

CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
)
STATUSES = ("queued", "in_progress", "completed")
LEVELS = ("notice", "warning", "failure")
MAX_ANNOTATIONS, MAX_TEXT, MAX_TITLE, MAX_ACTIONS = 50, 65_535, 255, 3
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}
FOREIGN = "Invalid app_id `{}` - check run can only be modified by the GitHub App that created it."


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)
    base = "/repos/{owner}/{name}/check-runs"

    @api.post(base)
    def create(it: Repo, who: As, body: Body) -> Response:
        app = _writer(who, it)
        for name in ("name", "head_sha"):
            if not body.get(name):
                raise invalid_request(f'"{name}" wasn\'t supplied.')
        sha = it.git.resolve(body["head_sha"])
        if sha is None:
            raise refused(422, f"No commit found for SHA: {body['head_sha']}")
        _check(body)
        made = CheckRun(world.new_id(), app, _suite(world, it, app, sha), body["name"], sha)
        _apply(made, body)
        it.check_runs[made.id] = made
        events.check_run(world, it, made, "created", app.bot)
        _completed(world, it, made, was="")
        return JSONResponse(checks.run(made, it, world.root), 201)

    @api.patch(base + "/{run}")
    def update(run: int, it: Repo, who: As, body: Body) -> dict:
        app, found = _writer(who, it), _find(it, run)
        if found.app is not app:
            raise refused(403, FOREIGN.format(app.id))
        _check(body)
        was = found.status
        _apply(found, body)
        _completed(world, it, found, was)
        return checks.run(found, it, world.root)

    @api.get(base + "/{run}")
    def one(run: int, it: Repo, who: As) -> dict:
        who.need(it, "read", "checks")
        return checks.run(_find(it, run), it, world.root)

    @api.get(base + "/{run}/annotations")
    def annotations(request: Request, run: int, it: Repo, who: As) -> Response:
        who.need(it, "read", "checks")
        found = _find(it, run)
        return page(
            request,
            found.annotations,
            lambda one: checks.annotation(one, it, found.head_sha, world.root),
        )

    @api.get("/repos/{owner}/{name}/commits/{ref}/check-runs")
    def for_ref(request: Request, ref: str, it: Repo, who: As) -> Response:
        who.need(it, "read", "checks")
        sha = it.git.branch(ref) or it.git.resolve(ref)
        if sha is None:
            raise refused(422, f"No commit found for SHA: {ref}")
        query = request.query_params
        found = [one for one in it.check_runs.values() if one.head_sha == sha]
        found = [one for one in found if query.get("check_name") in (None, one.name)]
        found = [one for one in found if query.get("app_id") in (None, str(one.app.id))]
        if query.get("filter", "latest") == "latest":
            found = list({(one.app.id, one.name): one for one in found}.values())
        return page(request, found[::-1], lambda one: checks.run(one, it, world.root), "check_runs")

    return api


def _writer(who: Caller, it: Repository) -> App:
    if who.installation is None:
        raise refused(403, "You must authenticate via a GitHub App.")
    who.need(it, "write", "checks")
    if who.installation.app is None:
        raise not_accessible("checks", "write")
    return who.installation.app


def _find(it: Repository, number: int) -> CheckRun:
    if number not in it.check_runs:
        raise not_found()
    return it.check_runs[number]


def _suite(world: World, it: Repository, app: App, sha: str) -> CheckSuite:
    for suite in it.suites:
        if suite.app is app and suite.head_sha == sha:
            return suite
    branch = next((ref for ref, at in it.git.refs().items() if at == sha), None)
    made = CheckSuite(world.new_id(), app, sha, branch and branch.removeprefix("refs/heads/"))
    it.suites.append(made)
    return made


def _check(body: dict) -> None:
    """Refuse what GitHub's schema refuses."""
    if body.get("status") not in (None, *STATUSES):
        raise invalid_request(f'"{body["status"]}" is not a member of {list(STATUSES)}.')
    if body.get("conclusion") not in (None, *CONCLUSIONS):
        raise invalid_request(f'"{body["conclusion"]}" is not a member of {list(CONCLUSIONS)}.')
    if body.get("status") == "completed" and not body.get("conclusion"):
        raise invalid_request('"conclusion" wasn\'t supplied.')
    if body.get("output"):
        _check_output(body["output"])
    _check_actions(body.get("actions") or [])


def _check_output(output: dict) -> None:
    if not output.get("summary"):
        raise invalid_request('"summary" wasn\'t supplied.')
    for name, limit in (("title", MAX_TITLE), ("summary", MAX_TEXT), ("text", MAX_TEXT)):
        if len(output.get(name) or "") > limit:
            raise invalid_request(
                f"Only {limit} characters are allowed; {len(output[name])} were supplied."
            )
    annotations = output.get("annotations") or []
    if len(annotations) > MAX_ANNOTATIONS:
        raise invalid_request(
            f"No more than {MAX_ANNOTATIONS} items are allowed; {len(annotations)} were supplied."
        )
    for one in annotations:
        _check_annotation(one)


def _check_annotation(one: dict) -> None:
    for name in ("path", "start_line", "end_line", "annotation_level", "message"):
        if one.get(name) in (None, ""):
            raise invalid_request(f'"{name}" wasn\'t supplied.')
    if one["annotation_level"] not in LEVELS:
        raise invalid_request(f'"{one["annotation_level"]}" is not a member of {list(LEVELS)}.')
    if one["end_line"] < one["start_line"]:
        raise refused(
            422, "Validation Failed: end_line must be greater than or equal to start_line"
        )
    if one.get("start_column") and one["start_line"] != one["end_line"]:
        raise refused(422, "Validation Failed: columns are only allowed on a single line")
    if len(one["message"]) > MAX_TEXT:
        raise invalid_request(
            f"Only {MAX_TEXT} characters are allowed; {len(one['message'])} were supplied."
        )


def _check_actions(actions: list[dict]) -> None:
    if len(actions) > MAX_ACTIONS:
        raise invalid_request(
            f"No more than {MAX_ACTIONS} items are allowed; {len(actions)} were supplied."
        )
    for one in actions:
        for name, limit in ACTION_LENGTHS.items():
            if len(one.get(name, "")) > limit:
                raise invalid_request(
                    f"Only {limit} characters are allowed; {len(one[name])} were supplied."
                )


def _apply(run: CheckRun, body: dict) -> None:
    """Take the fields of a request; annotations are appended."""
    for name in ("name", "external_id", "details_url", "status", "actions"):
        if name in body:
            setattr(run, name, body[name])
    for name in ("started_at", "completed_at"):
        if body.get(name):
            setattr(run, name, datetime.fromisoformat(body[name]))
    output = body.get("output") or {}
    for name in ("title", "summary", "text"):
        if name in output:
            setattr(run, name, output[name])
    run.annotations += output.get("annotations") or []
    if body.get("conclusion"):
        run.conclusion, run.status = body["conclusion"], "completed"
        run.completed_at = run.completed_at or now()
    elif run.status != "completed":
        run.conclusion = run.completed_at = None


def _completed(world: World, it: Repository, run: CheckRun, was: str) -> None:
    if run.status == "completed" != was:
        events.check_run(world, it, run, "completed", run.app.bot)
